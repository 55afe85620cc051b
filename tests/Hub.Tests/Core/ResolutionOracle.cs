using System.Globalization;
using System.Text.RegularExpressions;
using Avro;
using Avro.Generic;
using Avro.IO;
using CsCheck;
using Hub.Core.Schemas;

namespace Hub.Tests.Core;

/// <summary>A writer's field and what the reader makes of it: one way in which a schema may evolve.</summary>
/// <param name="Reader">Null when the reader does not have the field, Writer null when the writer does not.</param>
/// <param name="Value">A random value for the writer, as Avro's own library takes it.</param>
internal sealed record FieldCase(string? Writer, string? Reader, Func<RecordSchema, string, Gen<object?>>? Value);

/// <summary>Random pairs of schemas that resolve, and the records that Avro's own library reads with them.</summary>
internal static partial class ResolutionOracle
{
    private const string DateType = """{ "type": "int", "logicalType": "date" }""";
    private const string TimeType = """{ "type": "long", "logicalType": "timestamp-micros" }""";
    private const string Wide = """{ "type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 2 }""";
    private const string Narrow = """{ "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2 }""";

    private static readonly Gen<object?> Null = Gen.Const((object?)null);
    private static readonly Gen<object?> Ints = Gen.Int.Select(value => (object?)value);
    private static readonly Gen<object?> Longs = Gen.Long.Select(value => (object?)value);
    private static readonly Gen<object?> Flags = Gen.Bool.Select(value => (object?)value);
    private static readonly Gen<object?> Texts = Gen.String.Select(text => (object?)System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)));
    private static readonly Gen<object?> Days = Gen.Int[-700_000, 700_000].Select(days => (object?)DateTime.UnixEpoch.AddDays(days));
    private static readonly Gen<object?> Moments = Gen.Long[-60_000_000_000_000_000, 60_000_000_000_000_000].Select(micros => (object?)DateTime.UnixEpoch.AddTicks(micros * 10));
    private static readonly Gen<object?> Amounts = Gen.Int[-999_999_999, 999_999_999].Select(unscaled => (object?)new AvroDecimal(unscaled, 2));

    /// <summary><c>#</c> stands for the field's number, so that named types differ.</summary>
    private static readonly FieldCase[] Cases =
    [
        Same("\"string\"", Texts), Same("\"boolean\"", Flags), Same("\"int\"", Ints), Same("\"long\"", Longs), Same(DateType, Days), Same(TimeType, Moments), Same(Wide, Amounts),
        To("\"int\"", "\"long\"", Ints), To("\"int\"", Nullable("\"long\""), Ints), To("[\"null\", \"int\"]", "[\"long\", \"null\"]", Gen.OneOf(Null, Ints)),
        To("[\"string\", \"null\"]", Nullable("\"string\""), Gen.OneOf(Null, Texts)), To("\"string\"", Nullable("\"string\""), Texts), To(Narrow, Wide, Amounts),
        To("[\"null\", \"boolean\"]", Nullable("\"boolean\""), Gen.OneOf(Null, Flags)), To("\"null\"", Nullable("\"string\""), Null),
        To("[\"long\", \"null\", \"int\"]", Nullable("\"long\""), Gen.OneOf(Null, Longs, Ints)),
        new(Enum("A", "B", "C"), Enum("C", "X", "A", "B"), (schema, field) => Gen.Int[0, 2].Select(i => new[] { "A", "B", "C" }[i]).Select(symbol => (object?)EnumOf(schema, field, symbol))),
        new(null, With("\"string\"", "\"预算\""), null), new(null, With(Nullable("\"string\""), "null"), null), new(null, With("\"int\"", "-5"), null), new(null, With("\"long\"", "123456789012"), null),
        new(null, With("\"boolean\"", "true"), null), new(null, With(Enum("A", "B"), "\"B\""), null),
        Gone("\"double\"", Gen.Double.Select(value => (object?)value)), Gone("\"float\"", Gen.Float.Select(value => (object?)value)),
        Gone("\"bytes\"", Gen.Byte.Array.Select(value => (object?)value)), Gone("""{ "type": "array", "items": "string" }""", Gen.String.Array[0, 5].Select(texts => (object?)texts.Select(text => (object)("t" + text.Length)).ToArray())),
        Gone("""{ "type": "map", "values": "long" }""", Gen.Long.Array[0, 5].Select(values => (object?)values.Select((value, i) => (Key: "k" + i, Value: (object)value)).ToDictionary(pair => pair.Key, pair => pair.Value))),
        new("""{ "type": "fixed", "name": "Fixed#", "size": 3 }""", null, (schema, field) => Gen.Byte.Array[3].Select(bytes => (object?)new GenericFixed((FixedSchema)schema[field].Schema, bytes))),
        new("""{ "type": "record", "name": "Part#", "fields": [{ "name": "x", "type": "int" }, { "name": "y", "type": ["null", "string"] }] }""", null, PartOf),
        Gone("""["null", "double", "string"]""", Gen.OneOf(Null, Texts, Gen.Double.Select(value => (object?)value))),
    ];

    /// <summary>The two schemas and a record of the writer, as Avro's own library has them.</summary>
    public static Gen<(string Writer, string Reader, GenericRecord Record)> Pairs { get; } =
        from order in Gen.Shuffle(Enumerable.Range(0, Cases.Length).ToArray())
        from readerOrder in Gen.Shuffle(Enumerable.Range(0, Cases.Length).ToArray())
        from count in Gen.Int[1, Cases.Length]
        from renamed in Gen.Bool.Array[Cases.Length]
        let taken = order.Take(count).ToHashSet()
        let writer = SchemaKit.Record([.. order.Where(i => taken.Contains(i) && Cases[i].Writer is not null).Select(i => FieldOf($"f{i}", Cases[i].Writer!, i))])
        let reader = SchemaKit.Record([.. readerOrder.Where(i => taken.Contains(i) && Cases[i].Reader is not null).Select(i => ReaderOf(i, renamed[i]))])
        from record in RecordOf((RecordSchema)Schema.Parse(writer))
        select (writer, reader, record);

    public static byte[] Write(GenericRecord record)
    {
        using var stream = new MemoryStream();
        new GenericDatumWriter<GenericRecord>(record.Schema).Write(record, new BinaryEncoder(stream));
        return stream.ToArray();
    }

    /// <summary>
    /// The record as Avro's own library reads it, in the form of <see cref="SchemaKit.Values"/>. It takes the default of a field that it has just
    /// read by its alias, so it is given the names as the specification says to rewrite them.
    /// </summary>
    public static Dictionary<string, string?> Read(string writer, string reader, byte[] avro)
    {
        var to = (RecordSchema)Schema.Parse(Alias().Replace(reader, "").Replace("\"name\": \"g", "\"name\": \"f", StringComparison.Ordinal));
        var record = new GenericDatumReader<GenericRecord>(Schema.Parse(writer), to).Read(null!, new BinaryDecoder(new MemoryStream(avro)));
        return to.Fields.ToDictionary(field => reader.Contains($"\"g{field.Name[1..]}\"", StringComparison.Ordinal) ? $"g{field.Name[1..]}" : field.Name, field => Shown(field, record[field.Name]), StringComparer.Ordinal);
    }

    private static string? Shown(Field field, object? value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        AvroDecimal number => number.UnscaledValue.ToString(CultureInfo.InvariantCulture),
        GenericEnum symbol => symbol.Value,
        DateTime moment when field.Schema.ToString().Contains("\"date\"", StringComparison.Ordinal) => ((moment - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerDay).ToString(CultureInfo.InvariantCulture),
        DateTime moment => ((moment - DateTime.UnixEpoch).Ticks / 10).ToString(CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static Gen<GenericRecord> RecordOf(RecordSchema schema)
    {
        var all = Gen.Const(new List<(string Name, object? Value)>());
        foreach (var field in schema.Fields)
        {
            var values = Cases[int.Parse(field.Name.AsSpan(1), CultureInfo.InvariantCulture)].Value!(schema, field.Name);
            all = all.SelectMany(list => values.Select(value => list.Append((field.Name, value)).ToList()));
        }

        return all.Select(list =>
        {
            var record = new GenericRecord(schema);
            foreach (var (name, value) in list)
                record.Add(name, value);
            return record;
        });
    }

    private static string ReaderOf(int i, bool isRenamed)
        => isRenamed && Cases[i].Writer is not null ? FieldOf($"g{i}", $"{Cases[i].Reader}, \"aliases\": [\"f{i}\"]", i) : FieldOf($"f{i}", Cases[i].Reader!, i);

    private static string FieldOf(string name, string type, int i) => $$"""{ "name": "{{name}}", "type": {{type.Replace("#", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)}} }""";

    private static FieldCase Same(string type, Gen<object?> values) => To(type, type, values);

    private static FieldCase To(string writer, string reader, Gen<object?> values) => new(writer, reader, (_, _) => values);

    private static FieldCase Gone(string writer, Gen<object?> values) => new(writer, null, (_, _) => values);

    private static string Nullable(string type) => $"[\"null\", {type}]";

    private static string With(string type, string value) => $"{type}, \"default\": {value}";

    private static string Enum(params string[] symbols) => $$"""{ "type": "enum", "name": "Enum#", "symbols": [{{string.Join(", ", symbols.Select(symbol => $"\"{symbol}\""))}}] }""";

    private static GenericEnum EnumOf(RecordSchema schema, string field, string symbol) => new((EnumSchema)schema[field].Schema, symbol);

    [GeneratedRegex(", \"aliases\": \\[\"f[0-9]+\"\\]")]
    private static partial Regex Alias();

    private static Gen<object?> PartOf(RecordSchema schema, string field) => Gen.Select(Gen.Int, Gen.OneOf(Null, Texts)).Select((x, y) =>
    {
        var part = new GenericRecord((RecordSchema)schema[field].Schema);
        part.Add("x", x);
        part.Add("y", y);
        return (object?)part;
    });
}
