using System.Diagnostics;
using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Log.Sqlite;

namespace Hub.Benchmarks.Log;

/// <summary>
/// Appends to the log beside a plain file that is written and flushed to disk for each batch: the same bytes, turn and turn about.
/// Then reads the log back.
/// </summary>
public static class LogBenchmark
{
    private const string Topic = "finance.payment";
    private const int Partitions = 4;
    private const int EntryBytes = 300;
    private const int BatchEntries = 3_500;
    private const int Batches = 300;
    private const int WarmUpBatches = 60;

    public static async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("hub-log-");
        try
        {
            await using var log = new SqliteLog(new() { Path = Path.Combine(folder.FullName, "log.db") });
            await log.EnsureTopicAsync(Topic, Partitions, cancellationToken);
            using var plain = new FileStream(Path.Combine(folder.FullName, "plain.bin"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
            await CompareAppendsAsync(log, plain, output, cancellationToken);
            await ReadBackAsync(log, output, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task CompareAppendsAsync(SqliteLog log, FileStream plain, TextWriter output, CancellationToken cancellationToken)
    {
        var batch = new LogBatch();
        var bytes = new byte[BatchEntries * EntryBytes];
        new Random(1).NextBytes(bytes);
        TimeSpan logTime = default, plainTime = default;
        var allocated = 0L;
        for (var number = 0; number < WarmUpBatches + Batches; number++)
        {
            FillBatch(batch, number, bytes);
            var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
            var start = Stopwatch.GetTimestamp();
            await log.AppendAsync(batch, new("finance", new(number.ToString(CultureInfo.InvariantCulture))), cancellationToken);
            var logged = Stopwatch.GetTimestamp();
            plain.Write(bytes);
            plain.Flush(flushToDisk: true);
            var written = Stopwatch.GetTimestamp();
            if (number < WarmUpBatches)
                continue;
            allocated += GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
            logTime += Stopwatch.GetElapsedTime(start, logged);
            plainTime += Stopwatch.GetElapsedTime(logged, written);
        }

        output.WriteLine(Line("log append, 1 MB a batch, durable", Batches, logTime, allocated));
        output.WriteLine(Line("plain file, the same bytes, fsync a batch", Batches, plainTime, 0));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"time of the log append / plain file: {logTime / plainTime:0.00}"));
    }

    private static async Task ReadBackAsync(SqliteLog log, TextWriter output, CancellationToken cancellationToken)
    {
        await using var reader = await log.OpenReaderAsync("benchmark", [Topic], null, cancellationToken);
        var batch = new LogBatch();
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        for (var left = (WarmUpBatches + Batches) * BatchEntries; left > 0; left -= batch.Count)
            await reader.ReadAsync(batch, 1024 * 1024, Timeout.InfiniteTimeSpan, cancellationToken);
        var time = Stopwatch.GetElapsedTime(start);
        output.WriteLine(Line("log read", WarmUpBatches + Batches, time, GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore));
    }

    private static string Line(string name, int batches, TimeSpan time, long allocated) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-42} {time.TotalMilliseconds / batches,7:0.00} ms/batch {(double)batches * BatchEntries * EntryBytes / 1e6 / time.TotalSeconds,7:0} MB/s {(double)batches * BatchEntries / time.TotalSeconds,10:0} entries/s {(double)allocated / batches / BatchEntries,5:0.0} B/entry allocated");

    /// <summary>Keys and positions look like real ones; values are noise, so that nothing is gained by their being alike.</summary>
    private static void FillBatch(LogBatch batch, int number, byte[] bytes)
    {
        batch.Clear();
        for (var index = 0; index < BatchEntries; index++)
        {
            var sequence = (long)number * BatchEntries + index;
            var entry = bytes.AsSpan(index * EntryBytes, EntryBytes);
            (sequence * 7919 % 100_000_000).TryFormat(entry[8..], out _, "D12", CultureInfo.InvariantCulture);
            "finance:"u8.CopyTo(entry);
            sequence.TryFormat(entry[20..], out _, "X16", CultureInfo.InvariantCulture);
            "-00000001"u8.CopyTo(entry[36..]);
            var key = batch.Store(entry[..20]);
            batch.Add(new(
                new(Topic, Partitioner.PartitionOf(entry[..20], Partitions)), -1, "finance", Operation.Update, 1_000_000_000 + sequence,
                1_750_000_000_000_000 + sequence, key, Position: batch.Store(entry[20..45]), Value: batch.Store(entry[45..])));
        }
    }
}
