using System.Diagnostics;
using System.Globalization;
using Hub.Benchmarks.Codec;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Log.Kafka;

namespace Hub.Benchmarks.Kafka;

/// <summary>
/// Payment details into Kafka in transactions and back out of it, by Hub and by the bare client with the same settings, records, headers and
/// batches; turn and turn about, against the broker of the tests in a process of its own. Hub also decodes every field.
/// </summary>
public static class KafkaBenchmark
{
    private const int Batches = 40;
    private const int Rounds = 7;
    private const int Records = Batches * PaymentRecords.Count;

    // Several rounds of writing are there by then.
    private const int Read = 4 * Records;

    private readonly record struct Figure(double RecordsPerSecond, double AllocatedBytes);

    public static async Task RunAsync(TextWriter output, string repository, CancellationToken cancellationToken)
    {
        var records = new PaymentRecords(CodecSample.Load(repository));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Records} {records.Schema.Subject} a round, values of {records.ValueBytes:F0} bytes, batches of {PaymentRecords.Count}, zstd; the median of {Rounds} rounds"));
        using var broker = await BenchmarkBroker.StartAsync();
        await using var log = new KafkaLog(new() { Bootstrap = broker.Bootstrap });
        await log.EnsureTopicAsync(records.Schema.Subject, PaymentRecords.Partitions, cancellationToken);
        using var bare = new BareClient(broker.Bootstrap, records, records.Schema.Subject);
        await CompareAsync(output, "write", Records, () => WriteAsync(log, records, cancellationToken), () => bare.Write(Batches));
        await CompareAsync(output, "read and decode", Read, () => ReadAsync(log, records.Schema, cancellationToken), () => bare.Read(Read));
    }

    private static async Task CompareAsync(TextWriter output, string name, int count, Func<Task> hub, Action bare)
    {
        List<Figure> ofHub = [], ofBare = [];
        List<double> ratios = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var (first, second) = (await MeasureAsync(count, hub), await MeasureAsync(count, () => Task.Run(bare)));
            // The first is for the compiler.
            if (round == 0)
                continue;
            ofHub.Add(first);
            ofBare.Add(second);
            ratios.Add(first.RecordsPerSecond / second.RecordsPerSecond);
        }

        var (one, other) = (Median(ofHub), Median(ofBare));
        output.WriteLine(Line($"{name}, Hub", one));
        output.WriteLine(Line($"{name}, bare client", other));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Hub / bare client: {ratios.Order().ElementAt(Rounds / 2):F2} (from {ratios.Min():F2} to {ratios.Max():F2}; aim 0.8 or more)"));
    }

    private static async Task<Figure> MeasureAsync(int count, Func<Task> work)
    {
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        await work();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new(count / seconds, (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / count);
    }

    private static async Task WriteAsync(KafkaLog log, PaymentRecords records, CancellationToken cancellationToken)
    {
        for (var number = 0; number < Batches; number++)
            await log.AppendAsync(records.Batch, new("finance", new($"{number}"), DateTimeOffset.UnixEpoch), cancellationToken);
    }

    private static async Task ReadAsync(KafkaLog log, SubjectSchema schema, CancellationToken cancellationToken)
    {
        var start = Enumerable.Range(0, PaymentRecords.Partitions).ToDictionary(partition => new TopicPartition(schema.Subject, partition), _ => 0L);
        await using var reader = await log.OpenReaderAsync("benchmark", [schema.Subject], start, cancellationToken);
        var batch = new LogBatch();
        var sum = 0L;
        for (var left = Read; left > 0; left -= batch.Count)
        {
            await reader.ReadAsync(batch, 2 * 1024 * 1024, Timeout.InfiniteTimeSpan, cancellationToken);
            for (var i = 0; i < batch.Count; i++)
                sum += Walk(new RecordReader(schema, batch.Bytes(batch[i].Value)[WireFormat.HeaderSize..]));
        }

        GC.KeepAlive(sum);
    }

    private static long Walk(RecordReader reader)
    {
        var sum = 0L;
        while (reader.MoveNext())
            sum += reader.Field.Type switch
            {
                FieldType.String => reader.GetUtf8().Length,
                FieldType.Decimal => (long)reader.GetDecimal(),
                _ => reader.GetLong(),
            };
        return sum;
    }

    private static Figure Median(List<Figure> figures)
        => new(figures.Select(figure => figure.RecordsPerSecond).Order().ElementAt(Rounds / 2), figures.Select(figure => figure.AllocatedBytes).Order().ElementAt(Rounds / 2));

    private static string Line(string name, Figure figure)
        => string.Create(CultureInfo.InvariantCulture, $"  {name,-22}{figure.RecordsPerSecond,10:F0} records/s{figure.AllocatedBytes,8:F0} bytes allocated a record");
}
