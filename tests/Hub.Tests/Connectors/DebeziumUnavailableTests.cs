using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// What stands for a value that the connector left out. Source: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values,
/// #postgresql-property-unavailable-value-placeholder (text, or octets behind <c>hex:</c>), #postgresql-property-binary-handling-mode, #postgresql-property-hstore-handling-mode.
/// </summary>
public sealed class DebeziumUnavailableTests
{
    private const string Usual = "__debezium_unavailable_value";

    public static TheoryData<string, string> Texts => new()
    {
        { Usual, Usual },
        // binary.handling.mode=base64, base64-url-safe and hex
        { Usual, "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==" },
        { Usual, "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565" },
        // hstore.handling.mode=json
        { Usual, """{"__debezium_unavailable_value":"__debezium_unavailable_value"}""" },
        { "未发送>?", "未发送>?" },
        { "未发送>?", "5pyq5Y+R6YCBPj8=" },
        { "未发送>?", "5pyq5Y-R6YCBPj8=" },
        { "hex:6e6f6e65", "none" },
        { "hex:6e6f6e65", "6e6f6e65" },
        { "hex:6e6f6e65", """{"none":"none"}""" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Text_that_stands_for_a_value_is_no_value(string placeholder, string text)
    {
        foreach (var writing in Enum.GetValues<DebeziumWriting>())
        {
            var upstream = new DebeziumUpstream("postgresql", "public.thing", writing, [("id", new("string") { Optional = false }), ("name", new("string"))]);
            var reading = new DebeziumReading(upstream, unavailable: placeholder, columns: ["id", "name"]);
            var changes = await reading.ReadAsync(
                upstream.Change("u", Row(("id", "1"), ("name", "old")), Row(("id", "1"), ("name", text)), At(1)), upstream.Change("u", null, Row(("id", "1"), ("name", text)), At(2)));
            Assert.Equal("old", changes[0].Row["name"]);
            Assert.False(changes[1].Row.ContainsKey("name"), $"{writing}: '{changes[1].Row.GetValueOrDefault("name")}'");
        }
    }

    [Fact]
    public async Task Octets_that_stand_for_a_value_are_no_value()
    {
        foreach (var writing in new[] { DebeziumWriting.Avro, DebeziumWriting.Json })
        {
            var upstream = new DebeziumUpstream("postgresql", "public.thing", writing, [("id", new("string") { Optional = false }), ("name", new("bytes"))]);
            var reading = new DebeziumReading(upstream, unavailable: "hex:00ff", columns: ["id", "name"]);
            var changes = await reading.ReadAsync(
                upstream.Change("u", null, Row(("id", "1"), ("name", new byte[] { 0, 0xff })), At(1)), upstream.Change("u", null, Row(("id", "1"), ("name", new byte[] { 0, 0xfe })), At(2)));
            Assert.False(changes[0].Row.ContainsKey("name"));
            Assert.Equal("\\x00fe", changes[1].Row["name"]);
        }
    }

    [Fact]
    public void Octets_that_are_none_are_found_in_the_definition()
    {
        using var folder = new ScratchFolder();
        var text = $"source: s\nkind: debezium\nbootstrap: b\ntopicPrefix: p\nformat: json\nunavailableValue: hex:0g\ntables:\n  - table: public.thing\n    subject: {Things.Subject}\n    key: [id]\n    fields: {{ id: id }}\n";
        var definition = SourceDefinitionReader.Load(folder.Write("s.yaml", text), Things.LoadCatalog(folder.Path));
        var finding = Assert.Single(Assert.Throws<HubException>(() => Hub.Connectors.Debezium.DebeziumSourceOptions.From(definition)).Findings);
        Assert.Equal((Codes.ValueInvalid, true), (finding.Code, finding.Message.Contains("hex:0g", StringComparison.Ordinal)));
    }
}
