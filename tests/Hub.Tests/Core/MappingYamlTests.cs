using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Xunit;

namespace Hub.Tests.Core;

public sealed class MappingYamlTests
{
    private const string Good = """
        source: finance
        kind: postgres
        connection: Host=db
        publication: hub
        slot: hub_finance
        tables:
          - table: public.pay
            subject: test.payment
            key: [pay_id]
            deleted: { column: is_deleted, values: { "1": true, "2": false } }
            ignore: [seen]
            fields:
              id: pay_id
              amount: { column: amt, unit: 万元 }
              isGov: { column: gov, values: { "1": true, "2": false } }
              currency: { constant: CNY }
              agencyId: { compose: [region, agency] }
              fundTypeCode: { column: fund, codes: fund-type, unknown: keep }
              remark: { column: use_des, trim: true, nullIf: "" }

        """;

    [Fact]
    public void A_definition_is_read_as_it_is_written()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("finance.yaml", "doc: 一体化系统\n" + Good);
        var definition = SourceDefinitionReader.Load(file, MappingKit.Catalog);
        Assert.Equal(("finance", "postgres", "一体化系统", file), (definition.Name, definition.Kind, definition.Doc, definition.Place));
        Assert.Equal(new Setting("hub_finance", $"{file}:6:7"), definition.Settings["slot"]);
        Assert.Equal("Host=db", definition.Require("connection"));

        var table = definition.Find("public.pay")!;
        Assert.Equal(("test.payment", TimeSpan.FromHours(8), $"{file}:8:5"), (table.Subject, table.TimeZone, table.Place));
        Assert.Equal(["pay_id", "is_deleted", "amt", "gov", "region", "agency", "fund", "use_des"], table.Columns);
        Assert.Equal((true, false), (table.Deleted!.Values["1"], table.Deleted.Values["2"]));
        Assert.Equal(("seen", 4, "CNY", "fund-type", true, ""), (table.Ignore[0], table.Fields[1].UnitPower, table.Fields[3].Constant, table.Fields[5].CodeList, table.Fields[6].Trim, table.Fields[6].NullIf));
        Assert.Equal($"{file}:15:7", table.Fields[1].Place);
    }

    [Theory]
    [InlineData("source: finance", "source: Finance!", Codes.ValueInvalid, 1, "lower-case letters")]
    [InlineData("source: finance", "source: hub-registry", Codes.ValueInvalid, 1, "something other than 'hub-'")]
    [InlineData("source: finance\n", "", Codes.MissingSetting, 1, "source: <name>")]
    [InlineData("source: finance", "source:", Codes.MissingSetting, 1, "source: <name>")]
    [InlineData("kind: postgres", "kind: postgre", Codes.ValueInvalid, 2, "Did you mean 'postgres'?")]
    [InlineData("kind: postgres", "kind: [postgres]", Codes.ValueInvalid, 2, "a single value")]
    [InlineData("publication: hub", "publicaton: hub", Codes.UnknownKey, 4, "Did you mean 'publication'?")]
    [InlineData("slot: hub_finance\n", "", Codes.MissingSetting, 1, "add a line 'slot: …'")]
    [InlineData("slot: hub_finance", "slot: ${env:HUB_TEST_NOT_SET_ANYWHERE}", Codes.VariableNotSet, 5, "${env:HUB_TEST_NOT_SET_ANYWHERE:-value}")]
    [InlineData("currency: { constant: CNY }", "payee: use_des", Codes.ValueInvalid, 19, "Take it out of one of the two.")]
    [InlineData("currency: { constant: CNY }", "payee: pay_id", Codes.ValueInvalid, 16, "Use another key")]
    [InlineData("slot: hub_finance", "slot: ${HOME}", Codes.ValueInvalid, 5, "${env:NAME}")]
    [InlineData("slot: hub_finance", "slot: Hub-Finance", Codes.ValueInvalid, 5, "lower-case letters, digits and underscores")]
    [InlineData("slot: hub_finance", "slot: hub''x", Codes.ValueInvalid, 5, "lower-case letters, digits and underscores")]
    [InlineData("slot: hub_finance", "slot: hub\ntimeZone: Asia/Shangai", Codes.ValueInvalid, 6, "+08:00")]
    [InlineData("slot: hub_finance", "slot: a\nslot: b", Codes.YamlInvalid, 6, "Keep one of them.")]
    [InlineData("tables:", "table:", Codes.UnknownKey, 6, "Did you mean 'tables'?")]
    [InlineData("table: public.pay", "table: pay", Codes.ValueInvalid, 7, "public.pay_voucher")]
    [InlineData("  - table: public.pay\n    subject", "  - subject", Codes.MissingSetting, 7, "schema.table")]
    [InlineData("subject: test.payment", "subject: test.paymnet", Codes.UnknownSubject, 8, "Did you mean 'test.payment'?")]
    [InlineData("subject: test.payment", "subjekt: test.payment", Codes.UnknownKey, 8, "Did you mean 'subject'?")]
    [InlineData("    key: [pay_id]\n", "", Codes.MissingSetting, 7, "primary key")]
    [InlineData("key: [pay_id]", "key: pay_id", Codes.ValueInvalid, 9, "Give 'key' a list.")]
    [InlineData("key: [pay_id]", "key: []", Codes.MissingSetting, 9, "primary key")]
    [InlineData("key: [pay_id]", "key: [pay_id, pay_id]", Codes.ValueInvalid, 9, "Keep one of them.")]
    [InlineData("column: is_deleted, values: { \"1\": true", "column: is_deleted, values: { \"1\": yes", Codes.ValueInvalid, 10, "true for a deleted row")]
    [InlineData("deleted: { column: is_deleted, ", "deleted: { colunm: is_deleted, ", Codes.UnknownKey, 10, "Did you mean 'column'?")]
    [InlineData("deleted: { column: is_deleted, values: { \"1\": true, \"2\": false } }", "deleted: { column: is_deleted }", Codes.MissingSetting, 10, "Say what each value means")]
    [InlineData("ignore: [seen]", "ignore: [amt]", Codes.ValueInvalid, 11, "Take it out of 'ignore'.")]
    [InlineData("ignore: [seen]", "ignroe: [seen]", Codes.UnknownKey, 11, "Did you mean 'ignore'?")]
    [InlineData("      id: pay_id\n", "", Codes.MissingField, 13, "Add 'id: <column>'")]
    [InlineData("amount: {", "amuont: {", Codes.UnknownField, 14, "Did you mean 'amount'?")]
    [InlineData("id: pay_id", "id: pay_id\n      id: other", Codes.YamlInvalid, 14, "Keep one of them.")]
    [InlineData("id: pay_id", "id: [pay_id]", Codes.ValueInvalid, 13, "Write 'id: <column>'")]
    [InlineData("id: pay_id", "id:", Codes.ValueInvalid, 13, "Write 'id: <column>'")]
    [InlineData("{ column: amt, unit: 万元 }", "{ colum: amt, unit: 万元 }", Codes.UnknownKey, 14, "Did you mean 'column'?")]
    [InlineData("{ column: amt, unit: 万元 }", "{ unit: 万元 }", Codes.MissingSetting, 14, "Add 'column: …'")]
    [InlineData("unit: 万元", "unit: 亿元", Codes.ValueInvalid, 14, "元 or 万元")]
    [InlineData("{ column: amt, unit: 万元 }", "{ column: amt, values: { a: b } }", Codes.ValueInvalid, 14, "a decimal may have 'unit'")]
    [InlineData("{ column: amt, unit: 万元 }", "{ column: amt, codes: fund-type }", Codes.ValueInvalid, 14, "Take 'codes' out.")]
    [InlineData("{ column: gov, values: { \"1\": true", "{ column: gov, values: { \"1\": 2", Codes.ValueInvalid, 15, "t, true or 1")]
    [InlineData("isGov: { column: gov,", "isGov: { column: gov, unit: 元,", Codes.ValueInvalid, 15, "amounts are decimals")]
    [InlineData("currency: { constant: CNY }", "currency: { constant: ~ }", Codes.ValueInvalid, 16, "Leave the field out")]
    [InlineData("currency: { constant: CNY }", "count: { constant: CNY }", Codes.ValueInvalid, 16, "a whole number from")]
    [InlineData("currency: { constant: CNY }", "currency: { constant: CNY, trim: true }", Codes.ValueInvalid, 16, "Take 'trim' out.")]
    [InlineData("currency: { constant: CNY }", "currency: { constant: CNY, column: x }", Codes.ValueInvalid, 16, "Keep one of them.")]
    [InlineData("compose: [region, agency]", "compose: []", Codes.ValueInvalid, 17, "compose: [column, column]")]
    [InlineData("agencyId: {", "count: {", Codes.ValueInvalid, 17, "Take one column.")]
    [InlineData("codes: fund-type", "codes: fund-typ", Codes.ValueInvalid, 18, "Did you mean 'fund-type'?")]
    [InlineData("unknown: keep", "unknown: reject", Codes.ValueInvalid, 18, "keep, refuse")]
    [InlineData("codes: fund-type, unknown", "unknown", Codes.MissingSetting, 18, "Name the code list")]
    [InlineData("trim: true", "trim: yes", Codes.ValueInvalid, 19, "true or false")]
    [InlineData("trim: true", "trim: true, 修剪: true", Codes.UnknownKey, 19, "The keys are: ")]
    [InlineData("    ignore: [seen]", "\tignore: [seen]", Codes.YamlInvalid, 11, "Indent with spaces.")]
    [InlineData("    subject: test", "   subject: test", Codes.YamlInvalid, 8, "Check the indentation")]
    [InlineData("key: [pay_id]", "key: [pay_id", Codes.YamlInvalid, 9, "Check the indentation")]
    [InlineData("amount: { column: amt, unit: 万元 }", "amount: { column: amt, unit: 万元", Codes.YamlInvalid, 14, "Check the indentation")]
    [InlineData("slot: hub_finance", "slot: \"hub_finance", Codes.YamlInvalid, 5, "Check the indentation")]
    [InlineData("key: [pay_id]", "key: *pay", Codes.YamlInvalid, 9, "Write the values out")]
    public void A_mistake_is_found_with_its_line_and_a_suggestion(string right, string wrong, string code, int line, string suggestion)
    {
        using var folder = new ScratchFolder();
        Assert.Contains(right, Good, StringComparison.Ordinal);
        var file = folder.Write("finance.yaml", Good.Replace(right, wrong, StringComparison.Ordinal));
        var findings = Assert.Throws<HubException>(() => SourceDefinitionReader.Load(file, MappingKit.Catalog)).Findings;
        var finding = findings.FirstOrDefault(finding => finding.Code == code && finding.Place.StartsWith($"{file}:{line}:", StringComparison.Ordinal));
        Assert.True(finding is not null, string.Join('\n', findings));
        Assert.Contains(suggestion, finding.Suggestion, StringComparison.Ordinal);
        Assert.All(findings, each => Assert.EndsWith(".", each.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("finance.yml"), InlineData("finance.YAML"), InlineData("finance.Yml")]
    public void A_file_whose_name_ends_otherwise_is_refused_and_not_left_out(string name)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write($"finance/{name}", Good);
        var finding = Assert.Single(Assert.Throws<HubException>(() => SourceDefinitionReader.LoadFolder(folder.Path, MappingKit.Catalog)).Findings);
        Assert.Equal((Codes.YamlInvalid, $"{file}:1:1", "Rename it to finance.yaml."), (finding.Code, finding.Place, finding.Suggestion));
    }

    [Fact]
    public void All_mistakes_are_named_at_once_and_the_column_is_exact()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("finance.yaml", Good
            .Replace("slot:", "slots:", StringComparison.Ordinal)
            .Replace("unit: 万元", "unit: 个", StringComparison.Ordinal)
            .Replace("remark:", "remarks:", StringComparison.Ordinal));
        var findings = Assert.Throws<HubException>(() => SourceDefinitionReader.Load(file, MappingKit.Catalog)).Findings;
        Assert.Equal([$"{file}:14:36", $"{file}:19:7", $"{file}:1:1", $"{file}:5:1"], findings.Select(finding => finding.Place).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_subject_and_one_table_are_mapped_once_in_a_source()
    {
        using var folder = new ScratchFolder();
        var table = Good[Good.IndexOf("  - table", StringComparison.Ordinal)..];
        var file = folder.Write("finance.yaml", Good + table);
        var findings = Assert.Throws<HubException>(() => SourceDefinitionReader.Load(file, MappingKit.Catalog)).Findings;
        Assert.Equal(
            [$"the subject 'test.payment' is already filled by the table at {file}:7:5.", $"the table 'public.pay' is already mapped at {file}:7:5."],
            findings.Select(finding => finding.Message));
        Assert.All(findings, finding => Assert.Equal($"{file}:20:5", finding.Place));
    }

    [Fact]
    public void Variables_are_filled_in_and_may_have_a_default()
    {
        Environment.SetEnvironmentVariable("HUB_TEST_MAPPING_HOST", "数据库");
        using var folder = new ScratchFolder();
        var file = folder.Write("finance.yaml", Good.Replace("Host=db", "Host=${env:HUB_TEST_MAPPING_HOST};Port=${env:HUB_TEST_NOT_SET_ANYWHERE:-5432};X=${env:HUB_TEST_NOT_SET_ANYWHERE:-}", StringComparison.Ordinal));
        Assert.Equal("Host=数据库;Port=5432;X=", SourceDefinitionReader.Load(file, MappingKit.Catalog).Require("connection"));
    }

    [Theory]
    [InlineData("", "the file is empty.")]
    [InlineData("# nothing\n", "the file is empty.")]
    [InlineData("just words", "the file holds a single value where keys with values should be.")]
    [InlineData("- a\n- b", "the file holds a list where keys with values should be.")]
    public void A_file_that_is_no_definition_says_so(string text, string message)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("x.yaml", text);
        var finding = Assert.Single(Assert.Throws<HubException>(() => SourceDefinitionReader.Load(file, MappingKit.Catalog)).Findings);
        Assert.Equal((Codes.YamlInvalid, message), (finding.Code, finding.Message));
    }

    [Fact]
    public void A_second_document_is_refused()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("x.yaml", $"{Good}---\nsource: other\n");
        var finding = Assert.Single(Assert.Throws<HubException>(() => SourceDefinitionReader.Load(file, MappingKit.Catalog)).Findings);
        Assert.Equal(("the file holds a second document.", $"{file}:20:1"), (finding.Message, finding.Place));
    }

    [Fact]
    public void A_file_in_another_encoding_or_not_there_says_so()
    {
        using var folder = new ScratchFolder();
        var gbk = folder.Write("gbk.yaml", [.. Encoding.ASCII.GetBytes("doc: "), 0xd2, 0xbb, 0xb0, 0xe3]);
        Assert.Contains("not UTF-8", Assert.Throws<HubException>(() => SourceDefinitionReader.Load(gbk, MappingKit.Catalog)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<HubException>(() => SourceDefinitionReader.Load($"{gbk}.gone", MappingKit.Catalog)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_read_whole_and_every_source_has_a_name_of_its_own()
    {
        using var folder = new ScratchFolder();
        folder.Write("a/finance.yaml", "\ufeff" + Good);
        folder.Write("b/other.yaml", Good.Replace("source: finance", "source: other-1", StringComparison.Ordinal).Replace("slot: hub_finance", "slot: other", StringComparison.Ordinal));
        Assert.Equal(["finance", "other-1"], SourceDefinitionReader.LoadFolder(folder.Path, MappingKit.Catalog).Select(source => source.Name));

        var third = folder.Write("c/third.yaml", Good);
        var finding = Assert.Single(Assert.Throws<HubException>(() => SourceDefinitionReader.LoadFolder(folder.Path, MappingKit.Catalog)).Findings);
        Assert.Equal((Codes.ValueInvalid, $"{third}:1:1"), (finding.Code, finding.Place));
    }

    [Fact]
    public void Two_sources_cannot_read_one_slot_of_one_server()
    {
        using var folder = new ScratchFolder();
        var first = folder.Write("a/finance.yaml", Good);
        var second = folder.Write("b/other.yaml", Good.Replace("source: finance", "source: other", StringComparison.Ordinal));
        var finding = Assert.Single(Assert.Throws<HubException>(() => SourceDefinitionReader.LoadFolder(folder.Path, MappingKit.Catalog)).Findings);
        Assert.Equal((Codes.ValueInvalid, $"{second}:5:7"), (finding.Code, finding.Place));
        Assert.Contains($"the same connection and slot as the source 'finance' at {first}:5:7", finding.Message, StringComparison.Ordinal);
        Assert.Equal("Give one of them another slot.", finding.Suggestion);

        // The same name on another server is another slot.
        folder.Write("b/other.yaml", Good.Replace("source: finance", "source: other", StringComparison.Ordinal).Replace("connection: ", "connection: Host=elsewhere;", StringComparison.Ordinal));
        Assert.Equal(2, SourceDefinitionReader.LoadFolder(folder.Path, MappingKit.Catalog).Count);
    }

    [Fact]
    public void A_folder_that_is_not_there_says_so()
        => Assert.Equal(Codes.SettingInvalid, Assert.Throws<HubException>(() => SourceDefinitionReader.LoadFolder("/no/such/folder", MappingKit.Catalog)).Findings[0].Code);
}
