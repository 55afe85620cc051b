using System.Buffers.Binary;
using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>The one connection that writes. Not for concurrent use. Each method is one transaction, whole and durable or not at all.</summary>
internal sealed class LogWriter : IDisposable
{
    private readonly Database database;
    private readonly PartitionTable table;
    private readonly SegmentWriter segment = new();
    private readonly BatchSorter sorter = new();
    private readonly List<(Partition Partition, PartitionExtent Extent)> changed = [];
    private readonly Statement begin;
    private readonly Statement commit;
    private readonly Statement insertSegment;
    private readonly Statement deleteSegment;
    private readonly Statement updatePartition;
    private readonly Statement insertPartition;
    private readonly Statement setCompacted;
    private readonly Statement setOffset;
    private readonly Statement startOffset;
    private readonly Statement setCheckpoint;
    private readonly Statement deleteCheckpoint;
    private byte[] ends = [];

    public LogWriter(Database database, PartitionTable table)
    {
        this.database = database;
        this.table = table;
        begin = database.Prepare("BEGIN IMMEDIATE");
        commit = database.Prepare("COMMIT");
        insertSegment = database.Prepare("INSERT INTO segment (id, bytes) VALUES (?1, ?2)");
        deleteSegment = database.Prepare("DELETE FROM segment WHERE id = ?1");
        updatePartition = database.Prepare("UPDATE partition SET next_offset = ?2, entries = ?3, bytes = ?4 WHERE id = ?1");
        insertPartition = database.Prepare("INSERT INTO partition VALUES (?1, ?2, ?3, 0, 0, 0, 0)");
        setCompacted = database.Prepare("UPDATE partition SET compacted_until = ?2 WHERE id = ?1");
        setOffset = database.Prepare("INSERT INTO group_offset VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset");
        startOffset = database.Prepare("INSERT INTO group_offset VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING");
        setCheckpoint = database.Prepare("""
            INSERT INTO checkpoint VALUES (?1, ?2, ?3, CASE WHEN ?3 IS NULL THEN NULL ELSE ?4 END)
            ON CONFLICT DO UPDATE SET position = excluded.position, complete_as_of = coalesce(excluded.complete_as_of, complete_as_of),
                end_offsets = coalesce(excluded.end_offsets, end_offsets)
            """);
        deleteCheckpoint = database.Prepare("DELETE FROM checkpoint WHERE source = ?1");
    }

    public void AddTopic(string topic, int partitions)
    {
        var added = Enumerable.Range(0, partitions).Select(number => table.Next(topic, number)).ToArray();
        Transact(() =>
        {
            foreach (var partition in added)
                insertPartition.Bind(1, partition.Id).Bind(2, topic).Bind(3, partition.Place.Partition).Run();
        });
        table.Add(added);
    }

    public void Append(LogBatch batch, Checkpoint? checkpoint)
    {
        sorter.Sort(batch, table);
        Transact(() =>
        {
            foreach (var (partition, indexes) in sorter)
                AppendTo(partition, batch, indexes);
            if (checkpoint is not null)
                Save(checkpoint);
        });
    }

    /// <summary>The group reads these partitions from now on; where it has no offset yet it gets the first.</summary>
    public void Join(string group, IEnumerable<Partition> partitions) => Transact(() =>
    {
        foreach (var partition in partitions)
            startOffset.Bind(1, group).Bind(2, partition.Id).Run();
    });

    public void SetOffsets(string group, IEnumerable<(Partition Partition, long Offset)> offsets) => Transact(() =>
    {
        foreach (var (partition, offset) in offsets)
            setOffset.Bind(1, group).Bind(2, partition.Id).Bind(3, offset).Run();
    });

    public void DeleteCheckpoint(string source) => Transact(() => deleteCheckpoint.Bind(1, source).Run());

    /// <summary>Puts rewritten segments in the place of others of the same partition.</summary>
    public void Replace(Partition partition, SegmentReplacement replacement) => Transact(() =>
    {
        foreach (var key in replacement.Removed)
            deleteSegment.Bind(1, key).Run();
        foreach (var (key, bytes) in replacement.Added)
            insertSegment.Bind(1, key).Bind(2, bytes).Run();
        var extent = partition.Extent;
        Save(partition, extent with { Entries = extent.Entries + replacement.EntriesDelta, Bytes = extent.Bytes + replacement.BytesDelta });
    });

    public void SetCompactedUntil(Partition partition, long offset)
    {
        Transact(() => setCompacted.Bind(1, partition.Id).Bind(2, offset).Run());
        partition.CompactedUntil = offset;
    }

    /// <summary>Gives some free pages back; false when there are none left.</summary>
    public bool Vacuum()
    {
        database.Run("PRAGMA incremental_vacuum(256)");
        if (database.Run("PRAGMA freelist_count") > 0)
            return true;
        database.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        return false;
    }

    public void Dispose() => database.Dispose();

    private void AppendTo(Partition partition, LogBatch batch, ReadOnlySpan<int> indexes)
    {
        var extent = partition.Extent;
        segment.Clear();
        foreach (var index in indexes)
        {
            var entry = EntryOf(batch, index, extent.End);
            if (segment.IsFullFor(entry.ByteCount))
                extent = Flush(partition, extent);
            segment.Add(entry);
            extent = extent with { End = extent.End + 1, Entries = extent.Entries + 1 };
        }

        Save(partition, Flush(partition, extent));
    }

    private PartitionExtent Flush(Partition partition, PartitionExtent extent)
    {
        var key = partition.KeyOf(segment.LastOffset);
        var bytes = segment.Finish(key);
        insertSegment.Bind(1, key).Bind(2, bytes).Run();
        extent = extent with { Bytes = extent.Bytes + bytes.Length };
        segment.Clear();
        return extent;
    }

    private static SegmentEntry EntryOf(LogBatch batch, int index, long offset)
    {
        var entry = batch[index];
        return new()
        {
            Offset = offset,
            Source = entry.Source,
            Operation = entry.Operation,
            Version = entry.Version,
            OccurredAt = entry.OccurredAt,
            Key = batch.Bytes(entry.Key),
            Value = entry.Value.HasValue ? batch.Bytes(entry.Value) : default,
            Position = entry.Position.HasValue ? batch.Bytes(entry.Position) : default,
            HasValue = entry.Value.HasValue,
            HasPosition = entry.Position.HasValue,
        };
    }

    private void Save(Partition partition, PartitionExtent extent)
    {
        updatePartition.Bind(1, partition.Id).Bind(2, extent.End).Bind(3, extent.Entries).Bind(4, extent.Bytes).Run();
        changed.Add((partition, extent));
    }

    private void Save(Checkpoint checkpoint) => setCheckpoint
        .Bind(1, checkpoint.Source)
        .Bind(2, checkpoint.Position.Text)
        .Bind(3, checkpoint.CompleteAsOf?.UtcTicks)
        .Bind(4, EndsAfterChanges())
        .Run();

    /// <summary>Eight bytes for each partition, by its number in the table.</summary>
    private ReadOnlySpan<byte> EndsAfterChanges()
    {
        var partitions = table.All;
        if (ends.Length != partitions.Length * sizeof(long))
            ends = new byte[partitions.Length * sizeof(long)];
        foreach (var partition in partitions)
            BinaryPrimitives.WriteInt64LittleEndian(ends.AsSpan(partition.Id * sizeof(long)), partition.End);
        foreach (var (partition, extent) in changed)
            BinaryPrimitives.WriteInt64LittleEndian(ends.AsSpan(partition.Id * sizeof(long)), extent.End);
        return ends;
    }

    private void Transact(Action work)
    {
        changed.Clear();
        begin.Run();
        try
        {
            work();
            commit.Run();
        }
        catch
        {
            database.RollBack();
            throw;
        }

        foreach (var (partition, extent) in changed)
            partition.Publish(extent);
    }
}

/// <summary>Segments of one partition and what takes their place.</summary>
internal sealed record SegmentReplacement(
    IReadOnlyList<long> Removed, IReadOnlyList<(long Key, byte[] Bytes)> Added, long EntriesDelta, long BytesDelta);
