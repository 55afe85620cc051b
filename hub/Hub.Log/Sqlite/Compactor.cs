using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>
/// Compaction, one partition at a time. A round takes the keys of a stretch that was not compacted yet, as many as the map may hold,
/// and rewrites all segments up to its end without the entries they supersede. Reading and packing happen beside the appends; each
/// replacement is a short transaction between them. Consumers are not asked: an entry they have not read goes only when a later one
/// tells what they need. The newest segments stay as they are.
/// </summary>
internal sealed class Compactor(SqliteLog log, SqliteLogOptions options, PartitionTable table) : IAsyncDisposable
{
    private readonly SemaphoreSlim running = new(1);

    public async Task RunAsync(TopicPartition? place, CancellationToken cancellationToken)
    {
        await running.WaitAsync(cancellationToken);
        try
        {
            using var segments = new SegmentTable(options.Path);
            var changed = false;
            foreach (var partition in place is { } one ? [table[one]] : table.All)
                changed |= await CompactAsync(partition, segments, place is null ? options.MinDirtyRatio : 0, cancellationToken);
            if (changed)
                await VacuumAsync(cancellationToken);
        }
        finally
        {
            running.Release();
        }
    }

    /// <summary>Waits for the run under way, which its token ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await running.WaitAsync(CancellationToken.None);
        running.Release();
    }

    private async Task<bool> CompactAsync(Partition partition, SegmentTable segments, double minDirtyRatio, CancellationToken cancellationToken)
    {
        var end = segments.EndWithoutNewest(partition, options.KeepSegments);
        if (end - partition.CompactedUntil <= minDirtyRatio * partition.Extent.Entries)
            return false;

        var keys = new KeyMap();
        var segment = new SegmentReader();
        while (partition.CompactedUntil < end)
        {
            var stretchEnd = await Task.Run(() => ReadKeys(partition, segments, segment, keys, end, cancellationToken), cancellationToken);
            var rewriter = new SegmentRewriter(partition, segments, segment, keys, stretchEnd);
            while (await Task.Run(() => rewriter.Next(cancellationToken), cancellationToken) is { } replacement)
                await log.WriteAsync(write => write.Replace(partition, replacement), cancellationToken);
            await log.WriteAsync(write => write.SetCompactedUntil(partition, stretchEnd), cancellationToken);
        }

        return true;
    }

    /// <summary>Collects keys from where the last compaction ended; gives the offset after the last segment it took.</summary>
    private long ReadKeys(
        Partition partition, SegmentTable segments, SegmentReader segment, KeyMap keys, long end, CancellationToken cancellationToken)
    {
        keys.Clear();
        var offset = partition.CompactedUntil;
        while (offset < end && keys.Count < options.CompactionKeys && segments.TryLoad(partition, offset, segment))
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (segment.MoveNext())
                keys.Add(segment.Current);
            offset = partition.OffsetOf(segment.SegmentKey) + 1;
        }

        return offset;
    }

    private async Task VacuumAsync(CancellationToken cancellationToken)
    {
        for (var more = true; more;)
            await log.WriteAsync(write => more = write.Vacuum(), cancellationToken);
    }
}
