using System.Text;
using Hub.Core.Log;
using Hub.Core.Records;

namespace Hub.Tests.Contracts;

/// <summary>An entry by value, to compare what was appended with what is read.</summary>
public sealed record LogContractEntry(
    TopicPartition Place, string Key, string? Value, long Version = 1, string Source = "finance", Operation Operation = Operation.Update,
    long OccurredAt = 0, string? Position = null, long Offset = -1)
{
    public static LogBatch Batch(params IEnumerable<LogContractEntry> entries)
    {
        var batch = new LogBatch();
        foreach (var entry in entries)
            batch.Add(new(
                entry.Place, -1, entry.Source, entry.Operation, entry.Version, entry.OccurredAt,
                batch.Store(Encoding.UTF8.GetBytes(entry.Key)), CellOf(batch, entry.Value), CellOf(batch, entry.Position)));
        return batch;
    }

    public static List<LogContractEntry> In(LogBatch batch)
    {
        var entries = new List<LogContractEntry>(batch.Count);
        for (var index = 0; index < batch.Count; index++)
        {
            var entry = batch[index];
            entries.Add(new(
                entry.Place, TextOf(batch, entry.Key)!, TextOf(batch, entry.Value), entry.Version, entry.Source, entry.Operation,
                entry.OccurredAt, TextOf(batch, entry.Position), entry.Offset));
        }

        return entries;
    }

    /// <summary>Reads until every partition is at its end.</summary>
    public static async Task<List<LogContractEntry>> ReadAllAsync(
        ILogReader reader, IReadOnlyDictionary<TopicPartition, long> ends, int maxBytes, CancellationToken cancellationToken)
    {
        var all = new List<LogContractEntry>();
        var batch = new LogBatch();
        while (reader.NextOffsets.Any(next => next.Value < ends[next.Key]))
        {
            await reader.ReadAsync(batch, maxBytes, Timeout.InfiniteTimeSpan, cancellationToken);
            all.AddRange(In(batch));
        }

        return all;
    }

    private static Cell CellOf(LogBatch batch, string? text) => text is null ? Cell.Null : batch.Store(Encoding.UTF8.GetBytes(text));

    private static string? TextOf(LogBatch batch, Cell cell) => cell.IsNull ? null : Encoding.UTF8.GetString(batch.Bytes(cell));
}
