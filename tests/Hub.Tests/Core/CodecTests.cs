using System.Numerics;
using System.Text;
using Avro;
using Avro.Generic;
using Avro.IO;
using CsCheck;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The codec against Avro's own library, over a schema with every type, null first, null second and required.</summary>
public sealed class CodecTests
{
    private static readonly Int128 MostDecimal = Int128.Parse(new string('9', 38), null);
    private static readonly SubjectSchema Schema = Load();
    private static readonly RecordSchema AvroSchema = (RecordSchema)Avro.Schema.Parse(Schema.Json);

    [Fact]
    public void What_Hub_writes_Avro_reads()
        => Records.Sample(record =>
        {
            var reader = new GenericDatumReader<GenericRecord>(AvroSchema, AvroSchema);
            var read = reader.Read(null!, new BinaryDecoder(new MemoryStream(Write(record))));
            return record.SequenceEqual(Schema.Fields.Select(field => FromAvro(field, read[field.Name])));
        });

    [Fact]
    public void What_Avro_writes_Hub_reads()
        => Records.Sample(record => record.SequenceEqual(Read(WriteByAvro(record))));

    [Fact]
    public void Both_write_the_same_bytes()
        => Records.Sample(record => Write(record).AsSpan().SequenceEqual(WriteByAvro(record)));

    [Fact]
    public void A_record_that_is_cut_short_is_refused()
        => Gen.Select(Records, Gen.Double[0, 1]).Sample((record, share) =>
        {
            var bytes = Write(record);
            var cut = bytes[..(int)(share * bytes.Length * 0.999)];
            Assert.Throws<InvalidDataException>(() => Read(cut));
        });

    [Fact]
    public void A_record_with_bytes_behind_it_is_refused()
        => Records.Sample(record => { Assert.Throws<InvalidDataException>(() => Read([.. Write(record), 0])); });

    [Fact]
    public void Garbled_bytes_are_refused_or_read_but_never_crash()
        => Gen.Select(Records, Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Byte.Array[0, 40]).Sample((record, place, garble, noise) =>
        {
            var bytes = Write(record);
            bytes[place % bytes.Length] ^= garble;
            ReadOrRefuse(bytes);
            ReadOrRefuse(noise);
        });

    [Theory]
    [InlineData(new byte[] { 4 }, "neither 0 nor 1")]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, "more than 64 bits")]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 }, "more than 64 bits")]
    [InlineData(new byte[] { 2, 1 }, "ends too early")]
    [InlineData(new byte[] { 0, 2, 1, 2, 0xfe, 0xff, 0xff, 0xff, 0x0f }, "ends too early")]
    [InlineData(new byte[] { 2, 0, 4 }, "neither 0 nor 1")]
    public void A_refusal_says_what_is_wrong(byte[] bytes, string reason)
        => Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(bytes)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 99 })]
    public void A_value_that_is_not_in_the_wire_format_is_refused(byte[] value)
        => Assert.Throws<InvalidDataException>(() => MappingKit.Catalog.SchemaOf(value));

    [Fact]
    public void A_wide_value_gets_room_and_gives_it_back()
    {
        var writer = new AvroWriter();
        writer.BeginRecord(7);
        writer.WriteBytes(new byte[40_000_000]);
        writer.WriteBytes("x"u8);
        Assert.Equal(WireFormat.HeaderSize + 4 + 40_000_000 + 2, writer.Written.Length);
        writer.BeginRecord(7);
        Assert.Equal([0, 0, 0, 0, 7], writer.Written.ToArray());
    }

    [Fact]
    public void The_wire_format_never_changes()
    {
        var shape = MappingKit.Shape(("k", "text"), ("a", "numeric"), ("n", "int4"), ("d", "date"), ("t", "timestamp"), ("b", "bool"));
        var mapper = MappingKit.Compile(MappingKit.DefineFields("amount: a\n      wide: a\n      count: n\n      isGov: b\n      payDate: d\n      paidAt: t\n      remark: { constant: 办 }"), shape);
        var batch = MappingKit.Batch(shape, "K~1", "-1.28", "300", "1970-01-02", "1970-01-01 08:00:00.000001", "t");
        var (value, key) = (new AvroWriter(), new KeyWriter());
        Assert.Equal(MapOutcome.Upsert, mapper.Map(batch.RowOf(batch[0]), value, key, out _));
        Assert.Equal(
            "00-00000007-064B7E31-00-00-020280-000AFD050F8000-02D804-02-0201-0202-0002-00-00-00-00-00-0006E58A9E".Replace("-", "", StringComparison.Ordinal),
            Convert.ToHexString(value.Written));
        Assert.Equal("K%7E1", Encoding.UTF8.GetString(key.Written));
    }

    [Theory]
    [InlineData(Operation.Snapshot, 1), InlineData(Operation.Create, 2), InlineData(Operation.Update, 3), InlineData(Operation.Delete, 4), InlineData(Operation.Truncate, 5)]
    public void Operation_numbers_never_change(Operation operation, int number) => Assert.Equal(number, (int)operation);

    [Theory]
    [InlineData(new[] { "a" }, "a")]
    [InlineData(new[] { "a", "b" }, "a~b")]
    [InlineData(new[] { "a~b" }, "a%7Eb")]
    [InlineData(new[] { "100%", "~" }, "100%25~%7E")]
    [InlineData(new[] { "%7E" }, "%257E")]
    [InlineData(new[] { "330106", "2025", "预算" }, "330106~2025~预算")]
    public void Key_escaping_never_changes(string[] parts, string key) => Assert.Equal(key, Join(parts));

    [Fact]
    public void No_two_lists_of_parts_give_the_same_key()
    {
        var parts = Gen.String[Gen.Char["%~27E5a"], 1, 4].Array[1, 3];
        Gen.Select(parts, parts).Sample((left, right) => left.SequenceEqual(right) == (Join(left) == Join(right)));
    }

    private static string Join(string[] parts)
    {
        var key = new KeyWriter();
        foreach (var part in parts)
            key.AppendPart(Encoding.UTF8.GetBytes(part));
        return Encoding.UTF8.GetString(key.Written);
    }

    /// <summary>Values as long, bool, string or Int128, in the order of the fields; null where the field may be null.</summary>
    private static readonly Gen<object?[]> Records = Gen.Select(Gen.Bool.Array[40], Gen.Int.Array[40], Gen.Long.Array[40], Gen.String.Array[40])
        .Select((nulls, ints, longs, strings) => Schema.Fields.Select((field, i) => field.Nullable && nulls[i] ? null : Value(field, ints[i], longs[i], strings[i])).ToArray());

    private static object Value(FieldSchema field, int small, long large, string text) => field.Type switch
    {
        FieldType.String => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)),
        FieldType.Enum => field.Symbols[(small & 0xff) % field.Symbols.Length],
        FieldType.Boolean => (small & 1) == 1,
        FieldType.Int => (long)small,
        FieldType.Long => large,
        FieldType.Date => (long)(small % 700_000),
        FieldType.Timestamp => large % 60_000_000_000_000_000,
        _ => (small % 5) switch { 0 => MostDecimal, 1 => -MostDecimal, 2 => (Int128)(small % 300), 3 => (Int128)large * large % MostDecimal, _ => (Int128)large },
    };

    private static byte[] Write(object?[] record)
    {
        var writer = new AvroWriter();
        foreach (var field in Schema.Fields)
        {
            var value = record[field.Ordinal];
            writer.WriteBranch(field, value is null);
            if (value is string symbol && field.Type == FieldType.Enum)
                writer.WriteLong(field.SymbolOf(Encoding.UTF8.GetBytes(symbol)));
            else if (value is string text)
                writer.WriteBytes(Encoding.UTF8.GetBytes(text));
            else if (value is bool flag)
                writer.WriteBoolean(flag);
            else if (value is Int128 unscaled)
                writer.WriteDecimal(unscaled);
            else if (value is long number)
                writer.WriteLong(number);
        }

        return writer.Written.ToArray();
    }

    private static object?[] Read(byte[] bytes)
    {
        var values = new List<object?>();
        var reader = new RecordReader(Schema, bytes);
        while (reader.MoveNext())
            values.Add(reader.IsNull ? null : reader.Field.Type switch
            {
                FieldType.String or FieldType.Enum => Encoding.UTF8.GetString(reader.GetUtf8()),
                FieldType.Boolean => reader.GetBoolean(),
                FieldType.Decimal => reader.GetDecimal(),
                _ => reader.GetLong(),
            });
        return [.. values];
    }

    private static void ReadOrRefuse(byte[] bytes)
    {
        try
        {
            Read(bytes);
        }
        catch (InvalidDataException refusal)
        {
            Assert.NotEmpty(refusal.Message);
        }
    }

    private static byte[] WriteByAvro(object?[] record)
    {
        var generic = new GenericRecord(AvroSchema);
        foreach (var field in Schema.Fields)
            generic.Add(field.Name, ToAvro(field, record[field.Ordinal]));
        using var stream = new MemoryStream();
        new GenericDatumWriter<GenericRecord>(AvroSchema).Write(generic, new BinaryEncoder(stream));
        return stream.ToArray();
    }

    private static object? ToAvro(FieldSchema field, object? value) => (field.Type, value) switch
    {
        (FieldType.Int, long number) => (int)number,
        (FieldType.Enum, string symbol) => new GenericEnum((EnumSchema)Bare(AvroSchema[field.Name].Schema), symbol),
        (FieldType.Date, long days) => DateTime.UnixEpoch.AddDays(days),
        (FieldType.Timestamp, long micros) => DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond),
        (FieldType.Decimal, Int128 unscaled) => new AvroDecimal((BigInteger)unscaled, field.Scale),
        _ => value,
    };

    private static object? FromAvro(FieldSchema field, object? value) => value switch
    {
        int number => (long)number,
        GenericEnum symbol => symbol.Value,
        AvroDecimal number => (Int128)number.UnscaledValue,
        DateTime moment when field.Type == FieldType.Date => (long)(moment - DateTime.UnixEpoch).TotalDays,
        DateTime moment => (moment - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
        _ => value,
    };

    private static Schema Bare(Schema schema) => schema is UnionSchema union ? union.Schemas.First(branch => branch.Tag != Avro.Schema.Type.Null) : schema;

    private static SubjectSchema Load()
    {
        string[] types =
        [
            "\"boolean\"", "\"string\"", "\"int\"", "\"long\"", """{ "type": "int", "logicalType": "date" }""",
            """{ "type": "long", "logicalType": "timestamp-micros" }""", """{ "type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 2 }""",
            """{ "type": "enum", "name": "#", "symbols": ["A", "B", "C"] }""",
        ];
        var fields = types.SelectMany((type, i) => new[]
        {
            $$"""{ "name": "a{{i}}", "type": ["null", {{type.Replace('#', 'X')}}], "default": null }""",
            $$"""{ "name": "b{{i}}", "type": [{{type.Replace('#', 'Y')}}, "null"] }""",
            $$"""{ "name": "c{{i}}", "type": {{type.Replace('#', 'Z')}} }""",
        });
        using var folder = new ScratchFolder();
        folder.Write("test/all/1.avsc", $$"""{ "type": "record", "namespace": "test", "name": "All", "hub.id": 1, "fields": [{{string.Join(",\n", fields)}}] }""");
        return SchemaFolder.Load(folder.Path).Subjects[0];
    }
}
