using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>A partition as it stands after the last durable append. The writer changes it; all others read.</summary>
internal sealed class Partition(int id, TopicPartition place, PartitionExtent extent, long compactedUntil)
{
    /// <summary>Leaves 23 bits for partitions and room for 10^12 entries in each.</summary>
    private const int OffsetBits = 40;
    private long end = extent.End;
    private long entries = extent.Entries;
    private long bytes = extent.Bytes;

    public int Id { get; } = id;

    public TopicPartition Place { get; } = place;

    public PartitionExtent Extent => new(Volatile.Read(ref end), Volatile.Read(ref entries), Volatile.Read(ref bytes));

    public long End => Volatile.Read(ref end);

    /// <summary>Entries before this offset went through compaction.</summary>
    public long CompactedUntil { get; set; } = compactedUntil;

    public long FirstKey => (long)Id << OffsetBits;

    public long LastKey => ((long)(Id + 1) << OffsetBits) - 1;

    public long KeyOf(long offset) => FirstKey | offset;

    public long OffsetOf(long key) => key - FirstKey;

    public void Publish(PartitionExtent extent)
    {
        Volatile.Write(ref entries, extent.Entries);
        Volatile.Write(ref bytes, extent.Bytes);
        Volatile.Write(ref end, extent.End);
    }
}

/// <param name="End">The offset the next append will get.</param>
internal readonly record struct PartitionExtent(long End, long Entries, long Bytes);
