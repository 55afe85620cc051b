using System.Collections.Immutable;
using System.Text;
using Hub.Core.Mapping;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// The text that each documented type becomes. Sources: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types
/// (basic types, temporal types by time.precision.mode, decimal types by decimal.handling.mode, binary types), connectors/mysql.html#mysql-data-types,
/// connectors/oracle.html#oracle-data-type-mappings.
/// </summary>
public sealed class DebeziumTypeTests
{
    private const long Micros = 1_735_707_730_123_456;

    /// <summary>Name, basic type, semantic type, parameter, value, text; a text with a question mark in front says why there is none.</summary>
    public static TheoryData<string, string?, string?, object, string> Values => new()
    {
        { "boolean", null, null, true, "t" },
        { "boolean", null, null, false, "f" },
        { "int16", null, null, 1, "1" },
        { "int32", null, null, -2_147_483_648, "-2147483648" },
        { "int64", null, null, long.MinValue, "-9223372036854775808" },
        { "float", null, null, 1.1f, "1.1" },
        { "double", null, null, 12345678.9, "12345678.9" },
        { "double", null, null, 1e14, "100000000000000" },
        { "double", null, null, -0.00001234, "-0.00001234" },
        { "double", null, null, 0d, "0" },
        // More digits than a double holds exactly: not written as if they were exact.
        { "double", null, null, 12345678901234567.89, "1.2345678901234568e16" },
        { "double", null, null, 0.1 + 0.2, "3.0000000000000004e-1" },
        { "string", null, null, "中文 \"引号\" \\ \n", "中文 \"引号\" \\ \n" },
        { "string", null, null, "", "" },
        // time.precision.mode=adaptive, adaptive_time_microseconds and nanoseconds
        { "int32", "io.debezium.time.Date", null, 20089, "2025-01-01" },
        { "int32", "io.debezium.time.Date", null, -1, "1969-12-31" },
        { "int32", "io.debezium.time.Date", null, 2_932_897, "?outside the years 1 to 9999" },
        { "int32", "io.debezium.time.Time", null, 3_723_004, "01:02:03.004" },
        { "int64", "io.debezium.time.MicroTime", null, 3_723_000_005L, "01:02:03.000005" },
        // MySQL's TIME goes from -838:59:59 to 838:59:59.
        { "int64", "io.debezium.time.MicroTime", null, -3_020_399_000_000L, "-838:59:59" },
        { "int64", "io.debezium.time.NanoTime", null, 3_723_000_005_000L, "01:02:03.000005" },
        { "int64", "io.debezium.time.NanoTime", null, 3_723_000_005_001L, "?finer than a microsecond" },
        { "int64", "io.debezium.time.Timestamp", null, Micros / 1000, "2025-01-01 05:02:10.123" },
        { "int64", "io.debezium.time.Timestamp", null, -1L, "1969-12-31 23:59:59.999" },
        { "int64", "io.debezium.time.MicroTimestamp", null, Micros, "2025-01-01 05:02:10.123456" },
        { "int64", "io.debezium.time.MicroTimestamp", null, 0L, "1970-01-01 00:00:00" },
        // What PostgreSQL's infinity becomes.
        { "int64", "io.debezium.time.MicroTimestamp", null, 9_223_371_331_200_000_000L, "?outside the years 1 to 9999" },
        { "int64", "io.debezium.time.NanoTimestamp", null, Micros * 1000, "2025-01-01 05:02:10.123456" },
        { "int64", "io.debezium.time.NanoTimestamp", null, (Micros * 1000) + 789, "?finer than a microsecond" },
        { "string", "io.debezium.time.ZonedTimestamp", null, "2025-01-01T05:02:10.123456Z", "2025-01-01T05:02:10.123456Z" },
        { "string", "io.debezium.time.ZonedTime", null, "05:02:10+08:00", "05:02:10+08:00" },
        // time.precision.mode=microseconds is MicroTime and MicroTimestamp; isostring:
        { "string", "io.debezium.time.IsoDate", null, "2025-01-01Z", "2025-01-01" },
        { "string", "io.debezium.time.IsoTime", null, "05:02:10.123456Z", "05:02:10.123456" },
        { "string", "io.debezium.time.IsoTimestamp", null, "2025-01-01T05:02:10.123456Z", "2025-01-01T05:02:10.123456" },
        // time.precision.mode=connect
        { "int32", "org.apache.kafka.connect.data.Date", null, 20089, "2025-01-01" },
        { "int32", "org.apache.kafka.connect.data.Time", null, 3_723_004, "01:02:03.004" },
        { "int64", "org.apache.kafka.connect.data.Timestamp", null, Micros / 1000, "2025-01-01 05:02:10.123" },
        { "int32", "io.debezium.time.Year", null, 2025, "2025" },
        { "int64", "io.debezium.time.MicroDuration", null, 1_000_000L, "1000000" },
        { "string", "io.debezium.time.Interval", null, "P1Y2M3DT4H5M6.78S", "P1Y2M3DT4H5M6.78S" },
        // decimal.handling.mode=precise and string
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=2", new byte[] { 0x27, 0x42 }, "100.50" },
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=2", new byte[] { 0xff }, "-0.01" },
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=2", new byte[] { 0 }, "0.00" },
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=0", new byte[] { 0x80, 0, 0, 0, 0, 0, 0, 0 }, "-9223372036854775808" },
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=10", new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 0 }, "1844674407.3709551616" },
        { "string", null, null, "12345678901234567890.12", "12345678901234567890.12" },
        // bigint.unsigned.handling.mode=precise
        { "bytes", "org.apache.kafka.connect.data.Decimal", "scale=0", new byte[] { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, "18446744073709551615" },
        { "string", "io.debezium.data.Json", null, "{\"a\": 1}", "{\"a\": 1}" },
        { "string", "io.debezium.data.Uuid", null, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "1b4e28ba-2fa1-11d2-883f-0016d3cca427" },
        { "string", "io.debezium.data.Xml", null, "<a/>", "<a/>" },
        // hstore.handling.mode=json
        { "string", "io.debezium.data.Json", null, "{\"key\" : \"val\"}", "{\"key\" : \"val\"}" },
        { "string", "io.debezium.data.Ltree", null, "a.b", "a.b" },
        { "string", "io.debezium.data.Tsvector", null, "'a':1", "'a':1" },
        { "string", "io.debezium.data.Enum", "allowed=a,b", "b", "b" },
        { "string", "io.debezium.data.EnumSet", "allowed=a,b", "a,b", "a,b" },
        // binary.handling.mode=bytes, base64 and hex
        { "bytes", null, null, new byte[] { 0, 0xab, 0xff }, "\\x00abff" },
        { "string", null, null, "AKv/", "AKv/" },
        { "string", null, null, "00abff", "00abff" },
        { "bytes", "io.debezium.data.Bits", "length=10", new byte[] { 0b0000_0101, 0b10 }, "1000000101" },
        { "bytes", "io.debezium.data.Bits", "length=2147483647", new byte[] { 1 }, "?length is not known" },
        { "array", null, null, new[] { "a", "b" }, "?a list or a structure" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_in_Avro_becomes_its_text(string type, string? semantic, string? parameter, object value, string text)
        => await AssertAsync(DebeziumWriting.Avro, SchemaOf(type, semantic, parameter), value, text);

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_in_JSON_with_its_schema_becomes_the_same_text(string type, string? semantic, string? parameter, object value, string text)
        => await AssertAsync(DebeziumWriting.Json, SchemaOf(type, semantic, parameter), value, text);

    /// <summary>Without schemas a definition says what a number or a text stands for.</summary>
    [Theory]
    [InlineData("int32", null, 20089, "20089")]
    [InlineData("int32", "io.debezium.time.Date", 20089, "2025-01-01")]
    [InlineData("int64", "io.debezium.time.MicroTimestamp", Micros, "2025-01-01 05:02:10.123456")]
    [InlineData("string", "io.debezium.time.IsoTimestamp", "2025-01-01T05:02:10Z", "2025-01-01T05:02:10")]
    [InlineData("bytes", "org.apache.kafka.connect.data.Decimal(2)", new byte[] { 0x27, 0x42 }, "100.50")]
    [InlineData("bytes", "io.debezium.data.Bits(3)", new byte[] { 0b101 }, "101")]
    [InlineData("bytes", "bytes", new byte[] { 1 }, "\\x01")]
    [InlineData("boolean", null, true, "t")]
    [InlineData("double", null, 1e7, "10000000")]
    [InlineData("double", null, 100.5, "100.5")]
    [InlineData("string", null, "100.50", "100.50")]
    public async Task A_value_in_JSON_without_schemas_takes_the_type_that_the_definition_names(string type, string? named, object value, string text)
        => await AssertAsync(DebeziumWriting.JsonSchemaless, new(type), value, text, named);

    [Theory]
    [InlineData(DebeziumWriting.Avro)]
    [InlineData(DebeziumWriting.Json)]
    public async Task A_numeric_without_precision_brings_its_own_scale(DebeziumWriting writing)
    {
        var value = Row(("scale", 3), ("value", new byte[] { 0x04, 0xd2 }));
        await AssertAsync(writing, DebeziumSchema.VariableDecimal(), value, "1.234");
        await AssertAsync(writing, DebeziumSchema.VariableDecimal(), Row(("scale", -2), ("value", new byte[] { 5 })), "500");
    }

    /// <summary>Geometry, and hstore.handling.mode=map: no cell holds a structure, and a row that needs none of it is whole.</summary>
    [Theory]
    [InlineData(DebeziumWriting.Avro)]
    [InlineData(DebeziumWriting.Json)]
    [InlineData(DebeziumWriting.JsonSchemaless)]
    public async Task A_geometry_is_no_text(DebeziumWriting writing)
        => await AssertAsync(
            writing, DebeziumSchema.Struct("io.debezium.data.geometry.Geometry", ("wkb", new("bytes") { Optional = false }), ("srid", new("int32"))),
            Row(("wkb", new byte[] { 1, 2 }), ("srid", 4326)), "?a list or a structure");

    /// <summary>JsonConverter's decimal.format=NUMERIC (https://kafka.apache.org/documentation/#connect, KIP-481).</summary>
    [Theory]
    [InlineData("100.50", "100.50")]
    [InlineData("12345678901234567890.12", "12345678901234567890.12")]
    [InlineData("1E+3", "1000")]
    [InlineData("0E-8", "0")]
    [InlineData("1.2345678901234567E+30", "1.2345678901234567e30")]
    public async Task A_decimal_in_JSON_may_be_a_number(string number, string text)
    {
        var (upstream, reading) = Open(DebeziumWriting.Json, DebeziumSchema.Decimal(2));
        var record = upstream.Change("c", null, Row(("id", "1"), ("v", new byte[] { 0x27, 0x42 })), At(1));
        record.Value = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(record.Value).Replace("\"J0I=\"", number, StringComparison.Ordinal));
        Assert.Equal(text, await reading.TextAsync(record));
    }

    [Fact]
    public async Task A_null_is_null_in_every_writing()
    {
        foreach (var writing in Enum.GetValues<DebeziumWriting>())
        {
            var (upstream, reading) = Open(writing, new("int32", "io.debezium.time.Date"));
            var change = Assert.Single(await reading.ReadAsync(upstream.Change("c", null, Row(("id", "1"), ("v", null)), At(1))));
            Assert.True(change.Row.TryGetValue("v", out var value));
            Assert.Null(value);
        }
    }

    /// <summary>The connector's option datatype.propagate.source.type names the column's own type.</summary>
    [Theory]
    [InlineData(DebeziumWriting.Avro)]
    [InlineData(DebeziumWriting.Json)]
    public async Task A_padded_column_is_known_by_its_propagated_type(DebeziumWriting writing)
    {
        var (upstream, reading) = Open(writing, new("string", null, ("__debezium.source.column.type", "BPCHAR")));
        await reading.ReadAsync(upstream.Change("c", null, Row(("id", "1"), ("v", "a  ")), At(1)));
        Assert.Equal("bpchar", reading.Batch[0].Shape.Columns[1].TypeName);
    }

    private static DebeziumSchema SchemaOf(string type, string? semantic, string? parameter)
        => semantic == "org.apache.kafka.connect.data.Decimal" ? DebeziumSchema.Decimal(int.Parse(parameter!.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture))
            : parameter is null ? new(type, semantic) : new(type, semantic, (parameter.Split('=')[0], parameter.Split('=')[1]));

    private static async Task AssertAsync(DebeziumWriting writing, DebeziumSchema schema, object value, string text, string? named = null)
    {
        var (upstream, reading) = Open(writing, schema, named);
        var found = await reading.TextAsync(upstream.Change("c", null, Row(("id", "1"), ("v", value)), At(1)));
        if (!text.StartsWith('?'))
        {
            Assert.Equal(text, found);
            Assert.Null(reading.Batch.NoteOf(0));
            return;
        }

        Assert.Null(found);
        Assert.Contains(text[1..], reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
        Assert.False(reading.Batch.NoteOf(0)!.Value.IsRefused);
    }

    private static (DebeziumUpstream Upstream, DebeziumReading Reading) Open(DebeziumWriting writing, DebeziumSchema schema, string? named = null)
    {
        var upstream = new DebeziumUpstream("postgresql", "public.thing", writing, [("id", new("string") { Optional = false }), ("v", schema)]);
        var types = named is null ? ImmutableDictionary<string, Setting>.Empty : ImmutableDictionary<string, Setting>.Empty.Add("v", new(named, "things.yaml:9:9"));
        return (upstream, new(upstream, types: types, columns: ["id", "v"]));
    }
}
