using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;

namespace Hub.Log.Sqlite;

/// <summary>Reads its partitions in turn, one segment each, so that none waits for another's backlog.</summary>
internal sealed class SqliteLogReader : ILogReader
{
    private readonly SqliteLog log;
    private readonly string group;
    private readonly Partition[] partitions;
    private readonly SegmentTable segments;
    private readonly SegmentReader segment = new();
    private readonly long[] next;
    private readonly TimeProvider time;
    private int turn;
    private bool hasEntry;

    public SqliteLogReader(SqliteLog log, string group, Partition[] partitions, long[] offsets, string path, TimeProvider time)
    {
        (this.log, this.group, this.partitions, next, this.time) = (log, group, partitions, offsets, time);
        for (var index = 0; index < partitions.Length; index++)
            CheckStart(partitions[index], offsets[index]);
        segments = new(path);
        NextOffsets = Offsets();
    }

    public IReadOnlyDictionary<TopicPartition, long> NextOffsets { get; private set; }

    public async ValueTask ReadAsync(LogBatch into, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        into.Clear();
        var began = time.GetTimestamp();
        while (into.Count == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Taken before looking, so that an append in between is not slept through.
            var append = log.NextAppend;
            if (IsBehind())
                await Task.Run(() => Fill(into, maxBytes), cancellationToken);
            else if (!await WaitAsync(append, began, maxWait, cancellationToken))
                break;
        }

        NextOffsets = Offsets();
    }

    /// <summary>False when the wait is over before the append.</summary>
    private async ValueTask<bool> WaitAsync(Task append, long began, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var left = maxWait == Timeout.InfiniteTimeSpan ? maxWait : maxWait - time.GetElapsedTime(began);
        if (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan)
            return false;
        try
        {
            await append.WaitAsync(left, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken)
    {
        var places = offsets.Select(one => (log.PartitionAt(one.Key), one.Value)).ToArray();
        await log.WriteAsync(write => write.SetOffsets(group, places), cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        segments.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void CheckStart(Partition partition, long offset)
    {
        // Waiting for the log to get there would pass over all that is appended until then.
        if (offset < 0 || offset > partition.End)
            throw new HubException(new Finding(
                Codes.LogDamaged, Severity.Error, partition.Place.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"The reader should start at offset {offset}, but the log ends at {partition.End}: it is older than the reader's place."),
                "Restore log and index from the same backup, or rebuild the index from the log."));
    }

    private bool IsBehind()
    {
        for (var index = 0; index < partitions.Length; index++)
            if (next[index] < partitions[index].End)
                return true;
        return false;
    }

    private void Fill(LogBatch into, int maxBytes)
    {
        var before = (long[])next.Clone();
        try
        {
            for (var idle = 0; idle < partitions.Length; turn = (turn + 1) % partitions.Length, idle++)
            {
                if (!hasEntry && !LoadNext())
                    continue;
                idle = -1;
                if (!TakeEntries(into, maxBytes))
                    return;
            }
        }
        catch (Exception failure) when (into.Count > 0 && failure is (HubException or IOException))
        {
            // What was read until here is good. The next read meets the failure again, if it lasts.
        }
        catch
        {
            // The batch is lost with the failure: its entries are read again.
            before.CopyTo(next, 0);
            segment.Unload();
            hasEntry = false;
            into.Clear();
            throw;
        }
    }

    /// <summary>Stands on the next entry of the partition whose turn it is.</summary>
    private bool LoadNext()
    {
        var end = partitions[turn].End;
        if (next[turn] >= end)
            return false;
        if (!segments.TryLoad(partitions[turn], next[turn], segment))
        {
            next[turn] = end;
            return false;
        }

        do
            hasEntry = segment.MoveNext();
        while (hasEntry && segment.Current.Offset < next[turn]);
        return hasEntry;
    }

    /// <summary>False when the batch is full before the segment is at its end.</summary>
    private bool TakeEntries(LogBatch into, int maxBytes)
    {
        const int EntryOverhead = 96;
        while (hasEntry)
        {
            var entry = segment.Current;
            if (into.Count > 0 && into.SizeInBytes + EntryOverhead + entry.ByteCount > maxBytes)
                return false;
            into.Add(new(
                partitions[turn].Place, entry.Offset, entry.Source, entry.Operation, entry.Version, entry.OccurredAt,
                into.Store(entry.Key),
                entry.HasValue ? into.Store(entry.Value) : Cell.Null,
                entry.HasPosition ? into.Store(entry.Position) : Cell.Null));
            next[turn] = entry.Offset + 1;
            hasEntry = segment.MoveNext();
        }

        return true;
    }

    private Dictionary<TopicPartition, long> Offsets()
    {
        var offsets = new Dictionary<TopicPartition, long>(partitions.Length);
        for (var index = 0; index < partitions.Length; index++)
            offsets.Add(partitions[index].Place, next[index]);
        return offsets;
    }
}
