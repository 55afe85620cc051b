using System.Text;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Xunit;

namespace Hub.Tests.Core;

public sealed class SchemaFolderTests
{
    [Fact]
    public void A_schema_says_everything_about_its_fields()
    {
        var schema = MappingKit.Schema;
        Assert.Equal(("test.payment", 1, 7, "支付 payment"), (schema.Subject, schema.Version, schema.Id, schema.Doc));
        Assert.Equal(("mofDivCode", "fiscalYear", "id"), (schema.Region!.Name, schema.Year!.Name, schema.Title!.Name));
        var wide = schema.Find("wide")!;
        Assert.Equal((FieldType.Decimal, 38, 10, true, 1, 4), (wide.Type, wide.Precision, wide.Scale, wide.Nullable, wide.NullBranch, wide.Ordinal));
        var payee = schema.Find("payee")!;
        Assert.Equal((4, MaskRule.Name, 0, 2), (payee.Level, payee.Mask, payee.NullBranch, schema.Find("id")!.Level));
        Assert.Equal(("fund-type", "test.payment"), (schema.Find("fundTypeCode")!.CodeList, schema.Find("agencyId")!.Link));
    }

    [Theory]
    [InlineData("\"hub.id\": 7", "\"hub.id\": 0", Codes.SchemaInvalid, "positive \"hub.id\"")]
    [InlineData("\"hub.id\": 7", "\"hub.id\": \"7\"", Codes.SchemaInvalid, "positive \"hub.id\"")]
    [InlineData("\"hub.id\": 7,", "", Codes.SchemaInvalid, "positive \"hub.id\"")]
    [InlineData("\"hub.id\": 7", "\"hub.id\": 7.5", Codes.SchemaInvalid, "positive \"hub.id\"")]
    [InlineData("\"hub.region\": \"mofDivCode\"", "\"hub.region\": \"mofDiv\"", Codes.SchemaInvalid, "names the field 'mofDiv', which is not there")]
    [InlineData("\"hub.region\": \"mofDivCode\"", "\"hub.region\": \"count\"", Codes.SchemaInvalid, "which is Int")]
    [InlineData("\"hub.region\"", "\"hub.regoin\"", Codes.SchemaInvalid, "unknown attribute \"hub.regoin\"")]
    [InlineData("\"hub.mask\": \"name\"", "\"hub.maks\": \"name\"", Codes.SchemaInvalid, "unknown attribute \"hub.maks\"")]
    [InlineData("\"hub.mask\": \"name\"", "\"hub.mask\": \"nmae\"", Codes.SchemaInvalid, "has \"hub.mask\": \"nmae\"")]
    [InlineData("\"hub.mask\": \"name\"", "\"hub.mask\": \"1\"", Codes.SchemaInvalid, "has \"hub.mask\": \"1\"")]
    [InlineData("\"hub.mask\": \"name\"", "\"hub.mask\": true", Codes.SchemaInvalid, "that is not text")]
    [InlineData("\"hub.title\": true", "\"hub.title\": \"true\"", Codes.SchemaInvalid, "that is not a boolean")]
    [InlineData("\"hub.level\": 4", "\"hub.level\": 5", Codes.SchemaInvalid, "has a level that is not one")]
    [InlineData("\"hub.level\": 4", "\"hub.level\": \"4\"", Codes.SchemaInvalid, "has a level that is not one")]
    [InlineData("\"hub.level\": 4, \"hub.mask\": \"name\"", "\"hub.level\": 4", Codes.SchemaInvalid, "is of level 4 and has no mask")]
    [InlineData("\"int\"], \"default\": null, \"hub.search\": \"number\"", "\"int\"], \"default\": null, \"hub.level\": 4", Codes.SchemaInvalid, "is of level 4 and has no mask")]
    [InlineData("\"hub.link\": \"test.payment\"", "\"hub.link\": \"test.payment\", \"hub.mask\": \"id\"", Codes.SchemaInvalid, "has a mask and a link")]
    [InlineData("\"hub.search\": \"amount\"", "\"hub.search\": \"date\"", Codes.SchemaInvalid, "cannot be searched as Date")]
    [InlineData("\"hub.codes\": \"fund-type\"", "\"hub.codes\": \"fund\"", Codes.CodeListInvalid, "code list 'fund'")]
    [InlineData("\"hub.link\": \"test.payment\"", "\"hub.link\": \"test.gone\"", Codes.SchemaInvalid, "links to 'test.gone'")]
    [InlineData("\"precision\": 38", "\"precision\": 39", Codes.SchemaInvalid, "precision 39")]
    [InlineData("\"precision\": 38, \"scale\": 10", "\"precision\": 10, \"scale\": 11", Codes.SchemaInvalid, "")]
    [InlineData("\"precision\": 38, ", "", Codes.SchemaInvalid, "")]
    [InlineData("\"precision\": 38", "\"precision\": \"38\"", Codes.SchemaInvalid, "")]
    [InlineData("[\"string\", \"null\"]", "\"double\"", Codes.SchemaInvalid, "which Hub does not carry")]
    [InlineData("[\"string\", \"null\"]", "[\"string\", \"null\", \"int\"]", Codes.SchemaInvalid, "union other than of null and one type")]
    [InlineData("[\"string\", \"null\"]", "[\"string\", \"int\"]", Codes.SchemaInvalid, "union other than of null and one type")]
    [InlineData("[\"string\", \"null\"]", "{ \"type\": \"array\", \"items\": \"string\" }", Codes.SchemaInvalid, "which Hub does not carry")]
    [InlineData("[\"string\", \"null\"]", "\"strnig\"", Codes.SchemaInvalid, "not an Avro schema")]
    [InlineData("\"remark\"", "\"id\"", Codes.SchemaInvalid, "not an Avro schema")]
    [InlineData("\"name\": \"remark\", ", "", Codes.SchemaInvalid, "not an Avro schema")]
    [InlineData("\"namespace\": \"test\", ", "", Codes.SchemaInvalid, "a name and a namespace")]
    [InlineData("\"type\": \"record\"", "\"type\": \"recrod\"", Codes.SchemaInvalid, "the type 'recrod' is not known")]
    [InlineData("\"fields\"", "\"feilds\"", Codes.SchemaInvalid, "not an Avro schema")]
    [InlineData("\"hub.id\": 7,", "\"hub.id\": 7", Codes.SchemaInvalid, "not an Avro schema")]
    public void A_wrong_schema_is_refused_with_a_sentence(string right, string wrong, string code, string message)
    {
        using var folder = new ScratchFolder();
        Assert.Contains(right, MappingKit.PaymentSchema, StringComparison.Ordinal);
        folder.Write("codes/fund-type.csv", MappingKit.FundTypes);
        folder.Write("test/payment/1.avsc", MappingKit.PaymentSchema.Replace(right, wrong, StringComparison.Ordinal));
        var findings = Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Findings;
        Assert.True(findings.Any(finding => finding.Code == code && finding.Message.Contains(message, StringComparison.Ordinal)), string.Join('\n', findings));
    }

    [Fact]
    public void A_namespace_within_the_name_is_the_domain_too()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/b/1.avsc", """{ "type": "record", "name": "finance.FinalAccountLine", "hub.id": 1, "fields": [{ "name": "id", "type": "string" }] }""");
        Assert.Equal("finance.finalAccountLine", SchemaFolder.Load(folder.Path).Subjects[0].Subject);
    }

    [Fact]
    public void Ids_versions_and_roles_may_not_clash()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/one/1.avsc", Record("One", 1, "{ \"name\": \"amount\", \"type\": \"long\", \"hub.search\": \"number\" }"));
        folder.Write("a/two/1.avsc", Record("Two", 1, "{ \"name\": \"amount\", \"type\": \"string\", \"hub.search\": \"keyword\" }"));
        folder.Write("a/copy/1.avsc", Record("One", 2, "{ \"name\": \"id\", \"type\": \"string\" }"));
        folder.Write("a/two/first.avsc", Record("Two", 3, "{ \"name\": \"id\", \"type\": \"string\" }"));
        var findings = Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Findings;
        Assert.Equal(
            [Codes.SchemaInvalid, Codes.SchemaInvalid, Codes.SchemaIdTaken, Codes.SchemaFieldClash],
            findings.Select(finding => finding.Code).Order(StringComparer.Ordinal).OrderBy(code => code == Codes.SchemaFieldClash));
    }

    [Fact]
    public void The_latest_version_is_written_and_every_version_is_read()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/one/1.avsc", Record("One", 1, "{ \"name\": \"id\", \"type\": \"string\" }"));
        folder.Write("a/one/2.avsc", Record("One", 2, "{ \"name\": \"id\", \"type\": \"string\" }"));
        folder.Write("a/one/10.avsc", Record("One", 5, "{ \"name\": \"id\", \"type\": \"string\" }"));
        var catalog = SchemaFolder.Load(folder.Path);
        Assert.Equal((10, 5, 2), (catalog.Find("a.one")!.Version, catalog.Find("a.one")!.Id, catalog.Find(2)!.Version));
        Assert.Equal([1, 2, 5], catalog.Versions.Select(version => version.Id));
    }

    [Fact]
    public void What_a_later_version_hides_is_hidden_in_records_of_earlier_ones_too()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/one/1.avsc", Record("One", 1, "{ \"name\": \"id\", \"type\": \"string\", \"hub.search\": \"keyword\" }"));
        folder.Write("a/one/2.avsc", Record("One", 2, "{ \"name\": \"id\", \"type\": \"string\", \"hub.search\": \"keyword\", \"hub.mask\": \"id\", \"hub.level\": 4 }"));
        var record = SchemaFolder.Load(folder.Path).Read(SchemaKit.Wire(1, [2, (byte)'x']));
        Assert.True(record.MoveNext());
        Assert.Equal((MaskRule.Id, 4, false), (record.Field.Mask, record.Field.Level, record.Field.IsQueryable));
    }

    [Theory]
    [InlineData("code,name\n1,a\n", 1, "not the header")]
    [InlineData("", 1, "not the header")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2020,,11\n", 2, "not a code")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2020,,11,a,\n,20x0,,12,b,\n", 3, "not a code")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2024,2020,11,a,\n", 2, "not a code")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2020,,,a,\n", 2, "not a code")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2020,,11,a,\n,2021,,11,b,\n,2020,,11,c,\n,2020,,12,c,\n", 4, "twice")]
    [InlineData("region,year_from,year_to,code,name,parent\n,2020,,11,\"a,\n", 2, "quotes")]
    public void A_wrong_code_list_is_refused_with_its_line(string text, int line, string message)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("codes/fund-type.csv", text);
        var finding = Assert.Single(Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Findings);
        Assert.Equal((Codes.CodeListInvalid, $"{file}:{line}"), (finding.Code, finding.Place));
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_code_list_saved_as_gbk_says_so()
    {
        using var folder = new ScratchFolder();
        folder.Write("codes/a.csv", [.. Encoding.ASCII.GetBytes("region,year_from,year_to,code,name,parent\n,2020,,11,"), 0xd2, 0xbb, 0xb0, 0xe3, (byte)',']);
        Assert.Contains("not UTF-8", Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_code_means_what_it_meant_in_its_region_and_year()
    {
        using var folder = new ScratchFolder();
        folder.Write("codes/a.csv", "\ufeffregion,year_from,year_to,code,name,parent\n,,,1,all,\n33,2020,2022,1,old,0\n33,2023,,1,\"new, \"\"quoted\"\"\",0\n3301,2023,2023,1,city,\n");
        var lists = SchemaFolder.Load(folder.Path).CodeLists;
        Assert.Equal(
            ["all", "old", "new, \"quoted\"", "city", "city", null],
            [Name("11", 2021), Name("3301", 2021), Name("3301", 2024), Name("330106", 2023), Name("330106", 0), lists.Find("a", "33", 2021, "2")?.Name]);

        string? Name(string region, int year) => lists.Find("a", region, year, "1")?.Name;
    }

    [Fact]
    public void A_folder_that_is_not_there_says_so()
        => Assert.Equal(Codes.SchemaInvalid, Assert.Throws<HubException>(() => SchemaFolder.Load("/no/such/folder")).Findings[0].Code);

    private static string Record(string name, int id, string fields)
        => $$"""{ "type": "record", "namespace": "a", "name": "{{name}}", "hub.id": {{id}}, "fields": [{{fields}}] }""";
}
