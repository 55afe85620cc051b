using Avro;
using Avro.Generic;
using Avro.IO;
using Hub.Core.Schemas;

namespace Hub.Benchmarks.Codec;

/// <summary>Apache.Avro's side, with everything reused that it lets one reuse.</summary>
internal sealed class AvroCodec
{
    private readonly MemoryStream stream = new(4096);
    private readonly GenericDatumWriter<GenericRecord> writer;
    private readonly GenericDatumReader<GenericRecord> reader;
    private readonly BinaryEncoder encoder;
    private readonly BinaryDecoder decoder;
    private readonly GenericRecord record;
    private GenericRecord? read;

    public AvroCodec(CodecSample sample)
    {
        var schema = (RecordSchema)Avro.Schema.Parse(sample.Schema.Json);
        record = new GenericRecord(schema);
        foreach (var field in sample.Schema.Fields)
            record.Add(field.Name, ValueOf(field, sample));
        writer = new GenericDatumWriter<GenericRecord>(schema);
        reader = new GenericDatumReader<GenericRecord>(schema, schema);
        encoder = new BinaryEncoder(stream);
        decoder = new BinaryDecoder(stream);
        Encode(1);
        Encoded = stream.ToArray();
    }

    public ReadOnlyMemory<byte> Encoded { get; }

    public void Encode(int count)
    {
        for (var i = 0; i < count; i++)
        {
            stream.SetLength(0);
            writer.Write(record, encoder);
            encoder.Flush();
        }
    }

    public void Decode(int count)
    {
        for (var i = 0; i < count; i++)
        {
            stream.Position = 0;
            read = reader.Read(read!, decoder);
        }
    }

    private static object ValueOf(FieldSchema field, CodecSample sample) => field.Type switch
    {
        FieldType.String => sample.Texts[field.Ordinal],
        FieldType.Int => (int)sample.Numbers[field.Ordinal],
        FieldType.Long => sample.Numbers[field.Ordinal],
        FieldType.Decimal => new AvroDecimal(sample.Numbers[field.Ordinal], field.Scale),
        FieldType.Date => DateTime.UnixEpoch.AddDays(sample.Numbers[field.Ordinal]),
        FieldType.Timestamp => DateTime.UnixEpoch.AddTicks(sample.Numbers[field.Ordinal] * TimeSpan.TicksPerMicrosecond),
        _ => true,
    };
}
