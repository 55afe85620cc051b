using Hub.Core.Index;
using Hub.Core.Schemas;
using Hub.Server.Search;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Server;

public sealed class MaskingTests
{
    [Theory]
    [InlineData(MaskRule.None, "张三", "张三")]
    [InlineData(MaskRule.Name, "张", "*")]
    [InlineData(MaskRule.Name, "张三", "张*")]
    [InlineData(MaskRule.Name, "张三丰", "张*丰")]
    [InlineData(MaskRule.Name, "欧阳娜娜", "欧阳**")]
    [InlineData(MaskRule.Name, "𠮷野家", "𠮷*家")]
    [InlineData(MaskRule.Name, "野𠮷", "野*")]
    [InlineData(MaskRule.Address, "无锡市惠山区政和大道", "无锡市惠山*****")]
    [InlineData(MaskRule.Id, "320206199001011234", "320206********1234")]
    [InlineData(MaskRule.Id, "320206900101123", "320206******123")]
    [InlineData(MaskRule.Id, "E12345678", "E12***678")]
    [InlineData(MaskRule.Id, "12", "**")]
    [InlineData(MaskRule.Account, "6228480012345671234", "6228********1234")]
    [InlineData(MaskRule.Account, "1234567890123456", "1234********3456")]
    [InlineData(MaskRule.Account, "123456789012345", "************345")]
    [InlineData(MaskRule.Account, "12345678", "******78")]
    [InlineData(MaskRule.Account, "123", "***")]
    [InlineData(MaskRule.Phone, "13812345678", "138*****678")]
    [InlineData(MaskRule.Phone, "83591234", "83****34")]
    [InlineData(MaskRule.Phone, "8359123", "83****23")]
    [InlineData(MaskRule.Phone, "0510-83591234", "0510-8359****")]
    [InlineData(MaskRule.Phone, "110", "***")]
    public void A_value_is_masked_by_its_rule(MaskRule rule, string value, string shown) => Assert.Equal(shown, Masking.Apply(rule, value));

    [Fact]
    public void A_link_that_a_later_version_masks_is_not_followed_from_earlier_records()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/person/1.avsc", Person(1, "\"hub.link\": \"a.person\""));
        var record = TestSchemas.Record(SchemaFolder.Load(folder.Path).Find("a.person")!, ("name", "某人"), ("spouse", "320206199001011234"));
        Assert.Equal("s:320206199001011234", Assert.Single(Facts().Links).Id);

        folder.Write("a/person/2.avsc", Person(2, "\"hub.mask\": \"id\", \"hub.level\": 4"));
        Assert.Empty(Facts().Links);

        RecordFacts Facts() => RecordFacts.Of(new StoredDocument("a.person", "s:1", 1, record), SchemaFolder.Load(folder.Path));

        static string Person(int id, string more) => $$"""
            { "type": "record", "namespace": "a", "name": "Person", "hub.id": {{id}}, "fields": [
              { "name": "name", "type": "string", "hub.search": "text", "hub.title": true },
              { "name": "spouse", "type": ["null", "string"], "default": null, "hub.search": "keyword", {{more}} } ] }
            """;
    }

    [Fact]
    public void No_rule_shows_a_whole_value_of_any_length_or_breaks_a_character()
    {
        foreach (var rule in Enum.GetValues<MaskRule>().Where(rule => rule != MaskRule.None))
        {
            Assert.Equal("", Masking.Apply(rule, ""));
            for (var length = 1; length <= 40; length++)
            {
                var value = string.Concat(Enumerable.Repeat("𠮷", length));
                var shown = Masking.Apply(rule, value);
                Assert.Contains('*', shown);
                Assert.DoesNotContain('\uFFFD', shown);
                Assert.True(shown.EnumerateRunes().Count(rune => rune.Value != '*') < length);
            }
        }
    }
}
