using Hub.Core.Schemas.Compatibility;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>Each rule of the Avro 1.12 specification, "Schema Resolution" (avro.apache.org/docs/1.12.0/specification/).</summary>
public sealed class SchemaCompatibilityTests
{
    private static readonly string[] Primitives = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

    // Writer, then every reader that takes it beside its own.
    private static readonly Dictionary<string, string[]> Promotions = new(StringComparer.Ordinal)
    {
        ["int"] = ["long", "float", "double"],
        ["long"] = ["float", "double"],
        ["float"] = ["double"],
        ["string"] = ["bytes"],
        ["bytes"] = ["string"],
    };

    public static MatrixTheoryData<string, string> Pairs => new(Primitives, Primitives);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_primitive_type_is_read_as_itself_or_promoted(string reader, string writer)
    {
        var isTaken = reader == writer || Promotions.GetValueOrDefault(writer, []).Contains(reader);
        Assert.Equal(isTaken ? [] : ["TYPE_MISMATCH /"], Check($"\"{reader}\"", $"\"{writer}\""));
    }

    [Theory]
    [InlineData("both are arrays whose items match", """{ "type": "array", "items": "long" }""", """{ "type": "array", "items": "int" }""", "")]
    [InlineData("both are arrays whose items do not match", """{ "type": "array", "items": "int" }""", """{ "type": "array", "items": "long" }""", "TYPE_MISMATCH /items")]
    [InlineData("both are maps whose values match", """{ "type": "map", "values": "bytes" }""", """{ "type": "map", "values": "string" }""", "")]
    [InlineData("both are maps whose values do not match", """{ "type": "map", "values": "int" }""", """{ "type": "map", "values": "string" }""", "TYPE_MISMATCH /values")]
    [InlineData("an array is no map", """{ "type": "array", "items": "int" }""", """{ "type": "map", "values": "int" }""", "TYPE_MISMATCH /")]
    [InlineData("an enum is no string", "\"string\"", """{ "type": "enum", "name": "E", "symbols": ["A"] }""", "TYPE_MISMATCH /")]
    [InlineData("a fixed is no bytes", "\"bytes\"", """{ "type": "fixed", "name": "F", "size": 4 }""", "TYPE_MISMATCH /")]
    public void Containers_match_when_what_they_hold_does(string rule, string reader, string writer, string expected) => AssertRule(rule, reader, writer, expected);

    [Theory]
    [InlineData("enums of one unqualified name", """{ "type": "enum", "name": "a.E", "symbols": ["A", "B"] }""", """{ "type": "enum", "name": "b.E", "symbols": ["B"] }""", "")]
    [InlineData("enums of two names", """{ "type": "enum", "name": "E", "symbols": ["A"] }""", """{ "type": "enum", "name": "D", "symbols": ["A"] }""", "NAME_MISMATCH /name")]
    [InlineData("an alias with its namespace", """{ "type": "enum", "name": "a.E", "aliases": ["b.D"], "symbols": ["A"] }""", """{ "type": "enum", "name": "b.D", "symbols": ["A"] }""", "")]
    [InlineData("an alias of another namespace", """{ "type": "enum", "name": "a.E", "aliases": ["D"], "symbols": ["A"] }""", """{ "type": "enum", "name": "b.D", "symbols": ["A"] }""", "NAME_MISMATCH /name")]
    [InlineData("a symbol that the reader lacks", """{ "type": "enum", "name": "E", "symbols": ["A"] }""", """{ "type": "enum", "name": "E", "symbols": ["A", "B"] }""", "MISSING_ENUM_SYMBOLS /symbols")]
    [InlineData("a symbol that the reader's default stands for", """{ "type": "enum", "name": "E", "symbols": ["A"], "default": "A" }""", """{ "type": "enum", "name": "E", "symbols": ["A", "B"] }""", "")]
    [InlineData("the writer's default counts for nothing", """{ "type": "enum", "name": "E", "symbols": ["A"] }""", """{ "type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A" }""", "MISSING_ENUM_SYMBOLS /symbols")]
    [InlineData("fixed of one name and size", """{ "type": "fixed", "name": "a.F", "size": 4 }""", """{ "type": "fixed", "name": "F", "size": 4 }""", "")]
    [InlineData("fixed of two sizes", """{ "type": "fixed", "name": "F", "size": 4 }""", """{ "type": "fixed", "name": "F", "size": 8 }""", "FIXED_SIZE_MISMATCH /size")]
    [InlineData("fixed of two names and sizes", """{ "type": "fixed", "name": "F", "size": 4 }""", """{ "type": "fixed", "name": "G", "size": 8 }""", "NAME_MISMATCH /name,FIXED_SIZE_MISMATCH /size")]
    public void Named_types_match_by_unqualified_name_or_alias(string rule, string reader, string writer, string expected) => AssertRule(rule, reader, writer, expected);

    [Theory]
    [InlineData("both are unions and each branch is taken", """["null", "string", "long"]""", """["int", "null"]""", "")]
    [InlineData("both are unions and branches are missing", """["null", "string"]""", """["null", "int", "boolean"]""", "MISSING_UNION_BRANCH /1,MISSING_UNION_BRANCH /2")]
    [InlineData("the reader's is a union with a branch that takes it", """["null", "double"]""", "\"float\"", "")]
    [InlineData("the reader's is a union without one", """["null", "int"]""", "\"long\"", "MISSING_UNION_BRANCH /")]
    [InlineData("the writer's is a union, and the reader takes each branch", "\"double\"", """["int", "float"]""", "")]
    [InlineData("the writer's is a union, and the reader does not take null", "\"string\"", """["null", "string"]""", "TYPE_MISMATCH /")]
    public void Unions_match_branch_by_branch(string rule, string reader, string writer, string expected) => AssertRule(rule, reader, writer, expected);

    [Theory]
    [InlineData("fields stand in any order", """{ "name": "a", "type": "int" }, { "name": "b", "type": "string" }""", """{ "name": "b", "type": "string" }, { "name": "a", "type": "int" }""", "")]
    [InlineData("a field of the writer alone is skipped", """{ "name": "a", "type": "int" }""", """{ "name": "b", "type": "string" }, { "name": "a", "type": "int" }""", "")]
    [InlineData("a field of the reader alone has a default", """{ "name": "a", "type": "int" }, { "name": "b", "type": "string", "default": "" }""", """{ "name": "a", "type": "int" }""", "")]
    [InlineData("a field of the reader alone has the default null", """{ "name": "b", "type": ["null", "string"], "default": null }""", "", "")]
    [InlineData("a field of the reader alone has none", """{ "name": "a", "type": "int" }, { "name": "b", "type": ["null", "string"] }""", """{ "name": "a", "type": "int" }""", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1")]
    [InlineData("an enum's default is not the field's", """{ "name": "e", "type": { "type": "enum", "name": "E", "symbols": ["A"], "default": "A" } }""", "", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0")]
    [InlineData("a field has another name and an alias", """{ "name": "b", "aliases": ["x", "a"], "type": "long" }""", """{ "name": "a", "type": "int" }""", "")]
    [InlineData("a field changes its type", """{ "name": "a", "type": "int" }, { "name": "b", "type": "boolean" }""", """{ "name": "a", "type": "long" }, { "name": "b", "type": "boolean" }""", "TYPE_MISMATCH /fields/0/type")]
    [InlineData("everything that is wrong is told", """{ "name": "a", "type": "int" }, { "name": "b", "type": "boolean" }""", """{ "name": "a", "type": "long" }""", "TYPE_MISMATCH /fields/0/type,READER_FIELD_MISSING_DEFAULT_VALUE /fields/1")]
    public void Records_match_field_by_field(string rule, string reader, string writer, string expected) => AssertRule(rule, Record(reader), Record(writer), expected);

    [Theory]
    [InlineData("the same", 20, 2, 20, 2, "")]
    [InlineData("the reader holds more digits", 38, 2, 20, 2, "")]
    [InlineData("the reader holds fewer digits", 10, 2, 20, 2, "TYPE_MISMATCH /")]
    [InlineData("another scale", 20, 4, 20, 2, "TYPE_MISMATCH /")]
    public void Decimals_match_when_no_amount_changes(string rule, int precision, int scale, int writerPrecision, int writerScale, string expected)
        => AssertRule(rule, Decimal(precision, scale), Decimal(writerPrecision, writerScale), expected);

    [Fact]
    public void A_decimal_on_fixed_is_checked_like_one_on_bytes()
        => AssertRule("", Decimal(20, 4).Replace("\"bytes\"", "\"fixed\", \"name\": \"F\", \"size\": 10", StringComparison.Ordinal), Decimal(20, 2).Replace("\"bytes\"", "\"fixed\", \"name\": \"F\", \"size\": 10", StringComparison.Ordinal), "TYPE_MISMATCH /");

    [Fact]
    public void An_incompatibility_deep_inside_has_its_whole_path_and_field()
    {
        var fault = Assert.Single(SchemaCompatibility.Check(Parse(Deep("int")), Parse(Deep("string"))));
        Assert.Equal(("TYPE_MISMATCH", "/fields/1/type/items/fields/0/type", "list.amount"), (fault.RegistryName, fault.Path, fault.Field));
        Assert.Equal("Field 'list.amount' is string for the writer, and no rule of Avro turns that into the reader's int.", fault.Rule);
        Assert.Equal("Keep the type string, or give the new type a field of its own.", fault.Fix);
    }

    [Fact]
    public void A_type_that_holds_itself_is_compared_once()
    {
        static string List(string value) => $$"""{ "type": "record", "name": "List", "fields": [{ "name": "value", "type": "{{value}}" }, { "name": "next", "type": ["null", "List"] }] }""";
        Assert.Empty(Check(List("long"), List("int")));
        Assert.Equal(["TYPE_MISMATCH /fields/0/type"], Check(List("int"), List("long")));
    }

    [Fact]
    public void The_fix_speaks_of_the_schema_that_is_new()
    {
        var (with, without) = (Parse(Record("""{ "name": "a", "type": "int" }""")), Parse(Record()));
        Assert.StartsWith("Give 'a' a default", Assert.Single(SchemaCompatibility.Check(with, without, NewSide.Reader)).Fix, StringComparison.Ordinal);
        Assert.StartsWith("Keep 'a' in the schema", Assert.Single(SchemaCompatibility.Check(with, without, NewSide.Writer)).Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_names_that_lead_to_each_other_are_compared_in_little_time()
    {
        static string Chain(string last) => Record([$$"""{ "name": "f0", "type": { "type": "record", "name": "T0", "fields": [{ "name": "v", "type": "{{last}}" }] } }""",
            .. Enumerable.Range(1, 40).Select(i => $$"""{ "name": "f{{i}}", "type": { "type": "record", "name": "T{{i}}", "fields": [{ "name": "a", "type": "T{{i - 1}}" }, { "name": "b", "type": "T{{i - 1}}" }] } }""")]);
        Assert.Equal(["TYPE_MISMATCH /fields/0/type/fields/0/type"], Check(Chain("int"), Chain("string")));
    }

    [Fact]
    public void Unions_of_many_records_are_compared_in_little_time()
    {
        static string Many(string type) => $"[{string.Join(", ", Enumerable.Range(0, 2_000).Select(i => $$"""{ "type": "record", "name": "R{{i}}", "fields": [{ "name": "f", "type": "{{type}}" }] }"""))}]";
        Assert.Equal(2_000, Check(Many("int"), Many("string")).Length);
        Assert.Empty(Check(Many("long"), Many("int")));
    }

    private static string Deep(string type) => Record("""{ "name": "a", "type": "int" }""", $$"""{ "name": "list", "type": { "type": "array", "items": { "type": "record", "name": "Part", "fields": [{ "name": "amount", "type": "{{type}}" }] } } }""");

    private static string Decimal(int precision, int scale) => $$"""{ "type": "bytes", "logicalType": "decimal", "precision": {{precision}}, "scale": {{scale}} }""";

    private static void AssertRule(string rule, string reader, string writer, string expected)
    {
        var found = string.Join(',', Check(reader, writer));
        Assert.True(expected == found, $"{rule}: expected '{expected}', found '{found}'.");
    }
}
