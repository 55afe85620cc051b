using System.Diagnostics;
using System.Globalization;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Resolution;
using Hub.Core.Schemas.Types;

namespace Hub.Benchmarks.Codec;

/// <summary>The time and the memory that one record takes; the median of several rounds.</summary>
public sealed record CodecFigure(string Name, double Nanoseconds, double AllocatedBytes);

/// <summary>
/// Encoding and decoding one payment detail by Hub and by Apache.Avro's generic writer and reader, and mapping a row to Avro.
/// Each side begins with values as it would have them: Hub with UTF-8 and numbers, Apache.Avro with a filled generic record.
/// </summary>
public static class CodecBenchmark
{
    private const int Rounds = 7;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(250);

    /// <summary>Takes about ten seconds. <paramref name="root"/> is the folder that holds <c>schemas</c> and <c>connectors</c>.</summary>
    public static IReadOnlyList<CodecFigure> Run(TextWriter output, string root)
    {
        var sample = CodecSample.Load(root);
        var hub = new HubCodec(sample);
        var avro = new AvroCodec(sample);
        if (!hub.Encoded.Span.SequenceEqual(avro.Encoded.Span))
            throw new InvalidOperationException("Hub and Apache.Avro do not write the same bytes; comparing them would mean nothing.");

        List<CodecFigure> figures =
        [
            Measure("encode, Hub", hub.Encode),
            Measure("encode, Apache.Avro", avro.Encode),
            Measure("decode, Hub", hub.Decode),
            Measure("decode, Apache.Avro", avro.Decode),
            Measure("row to Avro and key, Hub", hub.Map),
            Measure("decode, other writer, Hub", hub.DecodeResolved),
        ];
        Write(output, sample, hub.Encoded.Length, figures);
        return figures;
    }

    private static void Write(TextWriter output, CodecSample sample, int size, List<CodecFigure> figures)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"One {sample.Schema.Subject}: {sample.Schema.Fields.Length} fields, {size} bytes of Avro"));
        foreach (var figure in figures)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Name,-26}{figure.Nanoseconds,8:F0} ns{figure.AllocatedBytes,8:F0} bytes allocated"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Hub / Apache.Avro: encode {figures[0].Nanoseconds / figures[1].Nanoseconds:F2}, decode {figures[2].Nanoseconds / figures[3].Nanoseconds:F2}"));
    }

    /// <param name="work">Does it so many times.</param>
    internal static CodecFigure Measure(string name, Action<int> work)
    {
        // Enough calls and time for the optimizing compiler to have replaced the first code.
        var count = 1_000;
        for (var warm = Stopwatch.StartNew(); warm.Elapsed < RoundTime * 3;)
            work(count);
        for (var elapsed = TimeSpan.Zero; elapsed < RoundTime / 2;)
        {
            count *= 2;
            elapsed = Time(work, count);
        }

        var times = new double[Rounds];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < Rounds; round++)
            times[round] = Time(work, count).TotalNanoseconds / count;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Array.Sort(times);
        return new(name, times[Rounds / 2], (double)allocated / count / Rounds);
    }

    private static TimeSpan Time(Action<int> work, int count)
    {
        var start = Stopwatch.GetTimestamp();
        work(count);
        return Stopwatch.GetElapsedTime(start);
    }
}

/// <summary>Hub's side.</summary>
internal sealed class HubCodec
{
    private readonly CodecSample sample;
    private readonly AvroWriter writer = new();
    private readonly AvroWriter mapped = new();
    private readonly KeyWriter key = new();
    private readonly EnvelopeBatch rows;
    private readonly RowMapper mapper;
    private readonly byte[] encoded;
    private readonly ReadPlan plan;
    private long sum;

    public HubCodec(CodecSample sample)
    {
        this.sample = sample;
        Encode(1);
        encoded = writer.Written[WireFormat.HeaderSize..].ToArray();
        (mapper, rows) = sample.MakeRow();
        // The same fields from another writer: each is resolved, and none is different.
        plan = ReadPlan.Compile(sample.Schema, (AvroRecord)AvroSchemaText.Parse(sample.Schema.Json.Replace("\"hub.id\"", "\"other.id\"", StringComparison.Ordinal)), out _)!;
    }

    public ReadOnlyMemory<byte> Encoded => encoded;

    public void Encode(int count)
    {
        for (var i = 0; i < count; i++)
        {
            writer.BeginRecord(sample.Schema.Id);
            foreach (var field in sample.Schema.Fields)
            {
                writer.WriteBranch(field, isNull: false);
                if (field.Type == FieldType.String)
                    writer.WriteBytes(sample.Utf8[field.Ordinal]);
                else if (field.Type == FieldType.Decimal)
                    writer.WriteDecimal(sample.Numbers[field.Ordinal]);
                else
                    writer.WriteLong(sample.Numbers[field.Ordinal]);
            }
        }
    }

    public void Decode(int count)
    {
        for (var i = 0; i < count; i++)
            Walk(new RecordReader(sample.Schema, encoded));
    }

    public void DecodeResolved(int count)
    {
        for (var i = 0; i < count; i++)
            Walk(new RecordReader(plan, encoded));
    }

    private void Walk(RecordReader reader)
    {
        while (reader.MoveNext())
            sum += reader.Field.Type switch
            {
                FieldType.String => reader.GetUtf8().Length,
                FieldType.Decimal => (long)reader.GetDecimal(),
                _ => reader.GetLong(),
            };
    }

    public void Map(int count)
    {
        for (var i = 0; i < count; i++)
            if (mapper.Map(rows.RowOf(rows[0]), mapped, key, out var refusal) != MapOutcome.Upsert)
                throw new InvalidOperationException(refusal);
    }
}
