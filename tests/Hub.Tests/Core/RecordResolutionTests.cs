using Hub.Core.Ops;
using Hub.Core.Schemas;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>Old bytes, pinned, read as the latest version of their subject.</summary>
public sealed class RecordResolutionTests
{
    private const string Id = """{ "name": "id", "type": "string" }""";
    private const string Colors = """{ "type": "enum", "name": "Color", "symbols": ["RED", "GREEN", "BLUE"] }""";

    [Theory]
    [InlineData("int to long", "\"int\"", "\"long\"", "54", "42")]
    [InlineData("int to nullable long", "\"int\"", """["null", "long"]""", "53", "-42")]
    [InlineData("bytes to string", "\"bytes\"", "\"string\"", "06 E9A284", "预")]
    [InlineData("int to date", "\"int\"", """{ "type": "int", "logicalType": "date" }""", "02", "1")]
    [InlineData("long to timestamp", "\"long\"", """{ "type": "long", "logicalType": "timestamp-micros" }""", "02", "1")]
    [InlineData("milliseconds to microseconds", """{ "type": "long", "logicalType": "timestamp-millis" }""", """{ "type": "long", "logicalType": "timestamp-micros" }""", "03", "-2000")]
    [InlineData("value to union", "\"boolean\"", """["boolean", "null"]""", "01", "true")]
    [InlineData("union in another order", """["string", "null"]""", """["null", "string"]""", "00 02 78", "x")]
    [InlineData("null in another order", """["string", "null"]""", """["null", "string"]""", "02", null)]
    [InlineData("union to value", """["null", "string"]""", "\"string\"", "02 02 78", "x")]
    [InlineData("wide union", """["null", "double", "int", { "type": "array", "items": "int" }]""", """["null", "long"]""", "04 0E", "7")]
    [InlineData("decimal with more digits", """{ "type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2 }""", """{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }""", "04 FF80", "-128")]
    [InlineData("symbol of another number", """{ "type": "enum", "name": "Color", "symbols": ["BLUE", "GREEN"] }""", Colors, "00", "BLUE")]
    [InlineData("symbol that the reader takes as its default", """{ "type": "enum", "name": "Color", "symbols": ["PINK"] }""", """{ "type": "enum", "name": "Color", "symbols": ["RED", "NONE"], "default": "NONE" }""", "00", "NONE")]
    [InlineData("null type to nullable", "\"null\"", """["null", "string"]""", "", null)]
    public void A_field_of_another_type_is_resolved(string rule, string writer, string reader, string hex, string? value)
    {
        var values = ReadForeign(Record(Field(reader)), Record(Field(writer)), hex);
        Assert.True(value == values["f"], $"{rule}: {values["f"]}");
    }

    [Theory]
    [InlineData("\"string\"", "\"预\"", "预")]
    [InlineData("""["null", "string"]""", "null", null)]
    [InlineData("""["string", "null"]""", "\"x\"", "x")]
    [InlineData("\"boolean\"", "true", "true")]
    [InlineData("\"int\"", "-7", "-7")]
    [InlineData("\"long\"", "9007199254740993", "9007199254740993")]
    [InlineData("""{ "type": "int", "logicalType": "date" }""", "20000", "20000")]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }""", "\"\\u00ff\\u0080\"", "-128")]
    [InlineData(Colors, "\"BLUE\"", "BLUE")]
    public void A_field_that_the_writer_lacks_holds_its_default(string type, string json, string? value)
    {
        var catalog = Catalog(Record(Id), Record(Field(type, $"\"default\": {json}"), Id));
        Assert.Equal([("id", "K"), ("f", value)], Read(catalog, 1, "02 4B").Select(pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void A_field_with_another_name_is_found_by_its_alias()
    {
        var catalog = Catalog(Record("""{ "name": "payAmt", "type": "int" }""", Id), Record(Id, """{ "name": "payAmount", "type": "long", "aliases": ["payAmt"] }"""));
        Assert.Equal([("payAmount", "150"), ("id", "K")], Read(catalog, 1, "AC02 02 4B").Select(pair => (pair.Key, pair.Value)));
        Assert.Equal([("id", "K"), ("payAmount", "150")], Read(catalog, 2, "02 4B AC02").Select(pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void What_only_the_writer_has_is_skipped_whatever_it_is()
    {
        var writer = Record(
            """{ "name": "tags", "type": { "type": "array", "items": "string" } }""",
            """{ "name": "counts", "type": { "type": "map", "values": "long" } }""",
            """{ "name": "place", "type": { "type": "record", "name": "Place", "fields": [{ "name": "x", "type": "double" }, { "name": "y", "type": "float" }, { "name": "next", "type": ["null", "Place"] }] } }""",
            """{ "name": "hash", "type": { "type": "fixed", "name": "Hash", "size": 3 } }""",
            """{ "name": "color", "type": { "type": "enum", "name": "C", "symbols": ["A", "B"] } }""",
            """{ "name": "any", "type": ["null", "boolean", "bytes"] }""",
            """{ "name": "nothings", "type": { "type": "array", "items": "null" } }""", Id);
        const string Hex = "04 0261 0262 00"            // two tags
            + "01 08 0263 A002 00"                      // one count, in a block with its size of four bytes
            + "0000000000000000 00000000 02 0000000000000000 00000000 00"
            + "010203 02 04 02FF" + "FEFFFFFFFFFFFFFFFF01 00" + "02 4B";
        Assert.Equal([("id", "K")], ReadForeign(Record(Id), writer, Hex).Select(pair => (pair.Key, pair.Value)));
    }

    [Theory]
    [InlineData("""["null", "string"]""", "\"string\"", "00", "holds null, which test.thing 1 cannot take, at field 'f'")]
    [InlineData("""["string", { "type": "array", "items": "int" }]""", "\"string\"", "02 00", "holds array of int, which test.thing 1 cannot take, at field 'f'")]
    [InlineData("""["null", "string"]""", """["null", "string"]""", "04", "union branch that its schema does not have, at field 'f'")]
    [InlineData("""{ "type": "enum", "name": "Color", "symbols": ["RED", "PINK"] }""", Colors, "02", "holds the symbol 'PINK', which test.thing 1 does not have, at field 'f'")]
    [InlineData("""{ "type": "enum", "name": "Color", "symbols": ["RED", "PINK"] }""", Colors, "04", "symbol that its schema does not have, at field 'f'")]
    [InlineData("\"bytes\"", "\"string\"", "02 FF", "text that is not UTF-8, at field 'f'")]
    [InlineData("""{ "type": "long", "logicalType": "timestamp-millis" }""", """{ "type": "long", "logicalType": "timestamp-micros" }""", "FEFFFFFFFFFFFFFFFF01", "out of range, at field 'f'")]
    [InlineData("\"int\"", "\"long\"", "8080808010", "more than 32 bits, at field 'f'")]
    [InlineData("\"int\"", "\"long\"", "02 02", "bytes behind its last field")]
    [InlineData("\"string\"", "\"string\"", "04 61", "ends too early, at field 'f'")]
    public void A_value_that_the_reader_cannot_take_is_refused_with_its_field(string writer, string reader, string hex, string reason)
        => Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => ReadForeign(Record(Field(reader)), Record(Field(writer)), hex)).Message, StringComparison.Ordinal);

    [Fact]
    public void Bytes_nested_without_end_are_refused_and_end_nothing()
    {
        var writer = Record("""{ "name": "tree", "type": { "type": "record", "name": "Tree", "fields": [{ "name": "left", "type": ["null", "Tree"] }] } }""", Id);
        var hex = string.Concat(Enumerable.Repeat("02", 2_000_000));
        Assert.Contains("nested too deeply", Assert.Throws<InvalidDataException>(() => ReadForeign(Record(Id), writer, hex)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4 }""", """{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }""", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("\"bytes\"", """{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }""", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("""{ "type": "long", "logicalType": "timestamp-nanos" }""", """{ "type": "long", "logicalType": "timestamp-micros" }""", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("""{ "type": "long", "logicalType": "local-timestamp-micros" }""", """{ "type": "long", "logicalType": "timestamp-micros" }""", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("""{ "type": "int", "logicalType": "time-millis" }""", """{ "type": "int", "logicalType": "date" }""", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("""{ "type": "enum", "name": "Colour", "symbols": ["RED"] }""", Colors, "NAME_MISMATCH at /fields/0/type/name")]
    [InlineData("\"double\"", "\"long\"", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("""["double", "null"]""", "\"long\"", "TYPE_MISMATCH at /fields/0/type")]
    [InlineData("\"string\"", """["null", "long"]""", "MISSING_UNION_BRANCH at /fields/0/type")]
    public void A_foreign_writer_that_cannot_be_read_is_refused_with_the_incompatibility(string writer, string reader, string message)
    {
        var catalog = Catalog(Record(Field(reader)));
        Assert.False(catalog.TryAdd(70, Subject, Record(Field(writer)), [], out var findings));
        Assert.All(findings, finding => Assert.Equal((Codes.SchemaWriterRefused, Severity.Error), (finding.Code, finding.Severity)));
        Assert.Contains(findings, finding => finding.Message.StartsWith(message, StringComparison.Ordinal));
        Assert.Equal(findings.Count, findings.Distinct().Count());
        Assert.False(catalog.Knows(70));
    }

    [Fact]
    public void A_foreign_writer_of_which_some_values_cannot_be_read_is_taken_with_a_warning()
    {
        var catalog = Catalog(Record(Field("\"string\"")));
        Assert.True(catalog.TryAdd(70, Subject, Record(Field("""["null", "string"]""")), [], out var findings));
        Assert.Equal(Severity.Warning, Assert.Single(findings).Severity);
    }

    [Fact]
    public void A_foreign_writer_may_use_the_types_of_other_schemas()
    {
        var catalog = Catalog(Record(Id));
        const string Place = """{ "type": "record", "namespace": "geo", "name": "Place", "fields": [{ "name": "x", "type": "long" }] }""";
        Assert.True(catalog.TryAdd(70, Subject, Record("""{ "name": "place", "type": "geo.Place" }""", Id), [Place], out _));
        Assert.Equal("K", Read(catalog, 70, "02 02 4B")["id"]);
    }

    [Fact]
    public void The_same_schema_by_another_id_needs_no_resolution()
    {
        var catalog = Catalog(Record(Id, Field("\"long\"")));
        Assert.True(catalog.TryAdd(70, Subject, catalog.Find(Subject)!.Json, [], out var findings));
        Assert.Empty(findings);
        Assert.True(catalog.PlanOf(Wire(70, [])).IsSame);
        Assert.Equal("1", Read(catalog, 70, "02 4B 02")["f"]);
    }

    [Fact]
    public void An_id_stands_for_one_schema_for_ever()
    {
        var catalog = Catalog(Record(Id));
        Assert.True(catalog.TryAdd(70, Subject, Record(Id, Field("\"int\"")), [], out _));
        Assert.True(catalog.TryAdd(70, Subject, Record(Id, Field("\"int\"", "\"doc\": \"a count\"")), [], out _));
        Assert.False(catalog.TryAdd(70, Subject, Record(Id, Field("\"long\"")), [], out var findings));
        Assert.Equal(Codes.SchemaIdTaken, Assert.Single(findings).Code);
        Assert.False(catalog.TryAdd(1, Subject, Record(Id, Field("\"long\"")), [], out _));
        Assert.True(catalog.TryAdd(1, Subject, Record(Id), [], out _));
    }

    [Theory]
    [InlineData("test.other", """{ "type": "record", "name": "R", "fields": [] }""", Codes.SchemaWriterRefused, "no such subject")]
    [InlineData(Subject, "\"string\"", Codes.SchemaWriterRefused, "not records")]
    [InlineData(Subject, "{", Codes.SchemaInvalid, "not an Avro schema")]
    [InlineData(Subject, """{ "type": "record", "name": "Other", "fields": [{ "name": "id", "type": "string" }] }""", Codes.SchemaWriterRefused, "NAME_MISMATCH at /name")]
    [InlineData(Subject, """{ "type": "record", "name": "Thing", "fields": [] }""", Codes.SchemaWriterRefused, "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/0")]
    public void What_is_no_writer_of_the_subject_is_refused(string subject, string json, string code, string message)
    {
        Assert.False(Catalog(Record(Id)).TryAdd(70, subject, json, [], out var findings));
        Assert.Equal(code, Assert.Single(findings).Code);
        Assert.Contains(message, findings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_an_old_version_allocates_nothing()
    {
        var catalog = Catalog(
            Record("""{ "name": "n", "type": "int" }""", Id),
            Record(Id, """{ "name": "m", "type": "long", "aliases": ["n"] }""", """{ "name": "s", "type": "string", "default": "open" }"""));
        var wire = Wire(1, [4, 2, (byte)'K']);
        Assert.Equal(6, Sum(catalog, wire, 1));
        Sum(catalog, wire, 1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var sum = Sum(catalog, wire, 1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(6_000, sum);
    }

    private static long Sum(SchemaCatalog catalog, byte[] wire, int times)
    {
        var sum = 0L;
        for (var i = 0; i < times; i++)
        {
            var reader = catalog.Read(wire);
            while (reader.MoveNext())
                sum += reader.Field.Type == FieldType.String ? reader.GetUtf8().Length - 1 : reader.GetLong() + 1;
        }

        return sum;
    }

    private static Dictionary<string, string?> ReadForeign(string reader, string writer, string hex)
    {
        var catalog = Catalog(reader);
        Assert.True(catalog.TryAdd(70, Subject, writer, [], out var findings), string.Join('\n', findings));
        return Read(catalog, 70, hex);
    }
}
