using System.Diagnostics;
using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Elasticsearch;

namespace Hub.Benchmarks.Engine;

/// <summary>
/// Records of the log as the lines of bulk requests, beside a plain copy of the same lines from memory to memory: both in turn, in pieces as large as a bulk
/// request, the median of several rounds. Seconds are of one core's time, so that what else runs on the machine counts less. Needs no engine.
/// </summary>
public static class EncoderBenchmark
{
    private const int Rounds = 9;
    private const int Records = 20_000;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(500);

    public static void Run(TextWriter output, string repository)
    {
        foreach (var subject in new[] { "finance.paymentDetail", "finance.paymentApplication" })
            Run(output, FinanceRecords.Load(repository, subject));
    }

    private static void Run(TextWriter output, FinanceRecords records)
    {
        var work = new EncoderWork(records, Records);
        var (first, copied) = (work.Encode(), work.Copy());
        // Enough for the optimizing compiler to have replaced the first code.
        for (var warm = Stopwatch.StartNew(); warm.Elapsed < RoundTime * 2;)
            (first, copied) = (work.Encode(), work.Copy());
        if (copied != first)
            throw new InvalidOperationException("The copy is not what was encoded.");

        List<double> encode = [], copy = [], nanoseconds = [];
        var allocated = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (time, times) = Time(work.Encode);
            allocated += (GC.GetAllocatedBytesForCurrentThread() - before) / times;
            encode.Add(work.Bytes / time.TotalSeconds / 1e6);
            nanoseconds.Add(time.TotalNanoseconds / Records);
            copy.Add(work.Bytes / Time(work.Copy).Each.TotalSeconds / 1e6);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Records:N0} {records.Schema.Subject}, {work.Bytes / Records:N0} bytes of NDJSON from {work.AvroBytes / Records:N0} of Avro each; the median of {Rounds} rounds"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Avro to NDJSON {Median(encode),10:N0} MB/s (from {encode.Min():N0} to {encode.Max():N0}), {Median(nanoseconds):N0} ns and {(double)allocated / Rounds / Records:N2} bytes allocated a document"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  memory copy    {Median(copy),10:N0} MB/s (from {copy.Min():N0} to {copy.Max():N0}); NDJSON ÷ copy {Median(encode) / Median(copy):F3}"));
    }

    private static (TimeSpan Each, int Times) Time(Func<long> work)
    {
        var before = Environment.CpuUsage.TotalTime;
        var spent = TimeSpan.Zero;
        var times = 0;
        for (; spent < RoundTime; spent = Environment.CpuUsage.TotalTime - before)
        {
            work();
            times++;
        }

        return (spent / times, times);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

/// <summary>The records, and both ways to make lines of them.</summary>
internal sealed class EncoderWork
{
    private readonly FinanceRecords records;
    private readonly IReadOnlyList<LogBatch> batches;
    private readonly DocumentEncoder encoder;
    private readonly LineBuffer lines = new();
    private readonly List<byte[]> copies = [];
    private readonly byte[] target;
    private readonly int bulkBytes = new ElasticsearchOptions().BulkBytes;

    public EncoderWork(FinanceRecords records, int count)
    {
        this.records = records;
        batches = records.Keep(count);
        AvroBytes = batches.Sum(batch => Enumerable.Range(0, batch.Count).Sum(i => (long)batch[i].Value.Length - WireFormat.HeaderSize));
        var mapping = new IndexMapping(records.Catalog);
        encoder = new(records.Schema, "hub-finance.payment-detail-1", mapping, new(records.Catalog.CodeLists, LineBuffer.Quoted), _ => true);
        Bytes = Encode(full => copies.Add(full.ToArray()));
        target = new byte[copies.Max(copy => copy.Length)];
    }

    public long Bytes { get; }

    public long AvroBytes { get; }

    public long Encode() => Encode(_ => { });

    public long Copy()
    {
        var bytes = 0L;
        foreach (var copy in copies)
        {
            copy.CopyTo(target, 0);
            bytes += copy.Length;
        }

        return bytes;
    }

    private long Encode(Action<ReadOnlyMemory<byte>> full)
    {
        var bytes = 0L;
        foreach (var batch in batches)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var entry = batch[i];
                var value = batch.Bytes(entry.Value);
                encoder.WriteLive(lines, batch.Bytes(entry.Key), entry, records.Catalog.PlanOf(value), value);
                lines.EndDocument(i, 1);
                if (lines.Length >= bulkBytes)
                    Empty();
            }
        }

        Empty();
        return bytes;

        void Empty()
        {
            full(lines.Written);
            bytes += lines.Length;
            lines.Clear();
        }
    }
}
