using System.Diagnostics;
using System.Globalization;
using Hub.Benchmarks.Codec;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;

namespace Hub.Benchmarks.Kafka;

/// <summary>
/// The log on Kafka beside a bare Confluent.Kafka producer and consumer with the same settings: the same keys, values and headers in
/// the same transactions, turn and turn about, on the broker of the tests in this process.
/// </summary>
public static class KafkaBenchmark
{
    private const string Topic = "finance.paymentDetail";
    private const int Partitions = 4;
    private const int BatchEntries = 4_000;
    private const int Batches = 25;
    private const int Rounds = 5;

    public static async Task RunAsync(TextWriter output, string repository, CancellationToken cancellationToken)
    {
        await using var broker = new TransactionalBroker();
        var options = new KafkaLogOptions { Bootstrap = broker.Bootstrap };
        await using var log = new KafkaLog(options);
        var bare = new BareClients(options, Topic);
        var sample = CodecSample.Load(repository);
        var batches = Enumerable.Range(0, Batches).Select(number => Fill(sample, number)).ToArray();
        var messages = batches.Select(bare.MessagesOf).ToArray();
        await log.EnsureTopicAsync(Topic, Partitions, cancellationToken);
        await log.EnsureTopicAsync(bare.Topic, Partitions, cancellationToken);
        output.WriteLine($"{Batches * BatchEntries:N0} entries a round, {batches[0].Bytes(batches[0][0].Value).Length} bytes of Avro each, {BatchEntries:N0} a transaction, zstd");
        await CompareAsync(output, "write", () => AppendAsync(log, batches, cancellationToken), () => bare.AppendAsync(messages));
        var catalog = SchemaFolder.Load(Path.Combine(repository, "schemas"));
        await CompareAsync(output, "read and decode", () => ReadAsync(log, catalog, cancellationToken), () => bare.ReadAsync(Partitions, Batches * BatchEntries));
    }

    private static async Task CompareAsync(TextWriter output, string what, Func<Task> hub, Func<Task> bare)
    {
        var ratios = new List<double>();
        var (hubTime, bareTime, hubBytes, bareBytes) = (TimeSpan.Zero, TimeSpan.Zero, 0L, 0L);
        for (var round = 0; round <= Rounds; round++)
        {
            var (hubRound, hubAllocated) = await MeasureAsync(hub);
            var (bareRound, bareAllocated) = await MeasureAsync(bare);
            // The first round only warms up.
            if (round == 0)
                continue;
            ratios.Add(bareRound / hubRound);
            (hubTime, bareTime, hubBytes, bareBytes) = (hubTime + hubRound, bareTime + bareRound, hubBytes + hubAllocated, bareBytes + bareAllocated);
        }

        var entries = (double)Rounds * Batches * BatchEntries;
        var line = (string name, TimeSpan time, long bytes) => string.Create(
            CultureInfo.InvariantCulture, $"  {name,-30} {entries / time.TotalSeconds,10:N0} entries/s  {bytes / entries,7:N0} bytes allocated each");
        output.WriteLine(line($"{what}, Hub", hubTime, hubBytes));
        output.WriteLine(line($"{what}, bare Confluent.Kafka", bareTime, bareBytes));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {what}: Hub ÷ bare {ratios.Order().ElementAt(Rounds / 2):0.00} (median of {string.Join(", ", ratios.Select(ratio => ratio.ToString("0.00", CultureInfo.InvariantCulture)))}; aim ≥ 0.8)"));
    }

    /// <summary>What this process allocates, with the broker's share in it, which is the same for both.</summary>
    private static async Task<(TimeSpan Time, long Allocated)> MeasureAsync(Func<Task> work)
    {
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        await work();
        return (Stopwatch.GetElapsedTime(start), GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    private static async Task AppendAsync(KafkaLog log, LogBatch[] batches, CancellationToken cancellationToken)
    {
        for (var number = 0; number < batches.Length; number++)
            await log.AppendAsync(batches[number], new("finance", new($"{number}")), cancellationToken);
    }

    private static async Task ReadAsync(KafkaLog log, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        var start = Enumerable.Range(0, Partitions).ToDictionary(partition => new TopicPartition(Topic, partition), _ => 0L);
        await using var reader = await log.OpenReaderAsync("benchmark", [Topic], start, cancellationToken);
        var batch = new LogBatch();
        var sum = 0L;
        for (var left = Batches * BatchEntries; left > 0; left -= batch.Count)
        {
            await reader.ReadAsync(batch, 2 * 1024 * 1024, Timeout.InfiniteTimeSpan, cancellationToken);
            for (var i = 0; i < batch.Count; i++)
                sum += Decode(catalog, batch.Bytes(batch[i].Value));
        }

        GC.KeepAlive(sum);
    }

    private static long Decode(SchemaCatalog catalog, ReadOnlySpan<byte> value)
    {
        var sum = 0L;
        var record = catalog.Read(value);
        while (record.MoveNext())
            if (!record.IsNull)
                sum += record.Field.Type switch
                {
                    FieldType.String => record.GetUtf8().Length,
                    FieldType.Decimal => (long)record.GetDecimal(),
                    _ => record.GetLong(),
                };
        return sum;
    }

    /// <summary>Payment details as the ingest writer makes them, with keys and amounts of their own.</summary>
    private static LogBatch Fill(CodecSample sample, int number)
    {
        var (mapper, rows) = sample.MakeRow();
        var batch = new LogBatch();
        var (value, key) = (new AvroWriter(), new KeyWriter());
        Span<byte> id = stackalloc byte[40];
        for (var i = 0; i < BatchEntries; i++)
        {
            if (mapper.Map(rows.RowOf(rows[0]), value, key, out var refusal) != MapOutcome.Upsert)
                throw new InvalidOperationException(refusal);
            var sequence = (long)number * BatchEntries + i;
            "finance:"u8.CopyTo(id);
            (sequence * 7919 % 100_000_000).TryFormat(id[8..], out var digits, "X32", CultureInfo.InvariantCulture);
            var length = 8 + digits;
            batch.Add(new(
                new(Topic, Partitioner.PartitionOf(id[..length], Partitions)), -1, "finance", Operation.Update, 1_000_000_000 + sequence, 1_750_000_000_000_000 + sequence,
                batch.Store(id[..length]), batch.Store(value.Written), batch.Store("00000000019B3D28-00000001"u8)));
        }

        return batch;
    }
}
