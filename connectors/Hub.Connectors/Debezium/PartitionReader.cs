using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>One partition while it is read: its place, and the versions that its order proves.</summary>
/// <param name="table">Null for a topic that only tells how far upstream is.</param>
internal sealed class PartitionReader(TopicPartition partition, DebeziumTable? table, PartitionPlace place)
{
    private readonly byte[] prefix = Encoding.UTF8.GetBytes($"{partition.Topic}/{partition.Partition.Value}@");
    private readonly byte[] entry = new byte[Encoding.UTF8.GetByteCount(partition.Topic) + 36];

    public TopicPartition Partition { get; } = partition;

    public DebeziumTable? Table { get; } = table;

    public PartitionPlace Place { get; private set; } = place;

    public bool IsFirstRead => Place.Next < Place.FirstEnd;

    public void MoveTo(long next) => Place = Place with { Next = Math.Max(Place.Next, next) };

    /// <summary>Whether a tombstone of this key stands behind its delete.</summary>
    public bool HasDeleted(ReadOnlySpan<byte> key) => Place.Deleted is { } deleted && key.SequenceEqual(deleted);

    /// <param name="key">The key that the record deletes; null when it deletes none.</param>
    public void Remember(byte[]? key)
    {
        if (key != Place.Deleted)
            Place = Place with { Deleted = key };
    }

    public void EndFirstRead() => Place = Place with { FirstEnd = 0 };

    /// <summary>The place of a record as an entry's position; valid until the next call.</summary>
    public ReadOnlySpan<byte> EntryAt(long offset)
    {
        prefix.CopyTo(entry, 0);
        offset.TryFormat(entry.AsSpan(prefix.Length), out var written, default, CultureInfo.InvariantCulture);
        return entry.AsSpan(0, prefix.Length + written);
    }

    /// <summary>
    /// The version of what says none, as a tombstone: the highest so far, which nothing before it exceeds. What stands behind it is not
    /// older, whatever its own version says: of a long transaction that is lower.
    /// </summary>
    public long Overtake()
    {
        var version = Math.Max(Place.Highest, 1);
        Place = Place with { Floor = Math.Max(Place.Floor, version), Highest = version };
        return version;
    }

    /// <summary>
    /// Whether a binlog place stands before one seen although its moment is later than all: then the numbers have begun anew.
    /// A connector that sends records twice sends earlier moments.
    /// </summary>
    public bool WentBack(long version, long occurredAt)
        => version < Place.Highest && Place.Newest > 0 && occurredAt > Place.Newest;

    /// <summary>
    /// The version of a change. A snapshot row is not older than what stands before it in the partition, and what stands behind it
    /// is not older than the row: a transaction that was under way during the snapshot has a lower version of its own and yet is newer.
    /// </summary>
    public long Settle(long version, Operation operation, long occurredAt)
    {
        var isSnapshot = operation == Operation.Snapshot;
        var settled = Math.Max(1, Math.Max(version, isSnapshot ? Place.Highest : Place.Floor));
        Place = Place with
        {
            Floor = isSnapshot ? Math.Max(Place.Floor, settled) : Place.Floor,
            Highest = Math.Max(Place.Highest, settled),
            Newest = Math.Max(Place.Newest, occurredAt),
        };
        return settled;
    }
}
