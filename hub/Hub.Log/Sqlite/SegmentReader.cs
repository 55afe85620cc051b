using System.Buffers.Binary;
using System.Text;
using Hub.Core.Ops;
using Hub.Core.Records;

namespace Hub.Log.Sqlite;

/// <summary>Unpacks one segment at a time, entry by entry. Its buffer is used again for the next segment.</summary>
internal sealed class SegmentReader
{
    private readonly PrefixBytes key = new();
    private readonly PrefixBytes position = new();
    private readonly HashSet<string> sources = [];
    private byte[] buffer = new byte[SegmentFormat.TargetSize];
    private int at;
    private int left;
    private long offset;
    private byte flags;
    private string source = "";
    private long version;
    private long occurredAt;
    private int valueAt;
    private int valueLength;

    public int Length { get; private set; }

    public int Count { get; private set; }

    /// <summary>Where the segment stands in the table.</summary>
    public long SegmentKey { get; private set; }

    public SegmentEntry Current => new()
    {
        Offset = offset,
        Source = source,
        Operation = (Operation)(flags & SegmentFormat.OperationBits),
        Version = version,
        OccurredAt = occurredAt,
        Key = key.Span,
        Value = buffer.AsSpan(valueAt, valueLength),
        Position = HasPosition ? position.Span : default,
        HasValue = (flags & SegmentFormat.Tombstone) == 0,
        HasPosition = HasPosition,
    };

    private bool HasPosition => (flags & SegmentFormat.NoPosition) == 0;

    /// <exception cref="HubException">The bytes are not what was written.</exception>
    public void Load(Partition partition, long segmentKey, ReadOnlySpan<byte> segment)
    {
        Check(partition, segmentKey, segment);
        if (buffer.Length < segment.Length || buffer.Length > 4 * SegmentFormat.TargetSize)
            buffer = new byte[Math.Max(segment.Length, SegmentFormat.TargetSize)];
        segment.CopyTo(buffer);
        SegmentKey = segmentKey;
        Length = segment.Length;
        Rewind();
    }

    /// <summary>Goes back before the first entry.</summary>
    public void Rewind()
    {
        Count = left = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(SegmentFormat.CountAt));
        offset = BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(SegmentFormat.FirstOffsetAt)) - 1;
        at = SegmentFormat.HeaderSize;
        version = occurredAt = 0;
        key.Clear();
        position.Clear();
    }

    public void Unload() => left = 0;

    public bool MoveNext()
    {
        if (left == 0)
            return false;
        left--;
        flags = buffer[at++];
        if ((flags & SegmentFormat.NewSource) != 0)
            source = NameOf(NextBytes());
        offset += 1 + ((flags & SegmentFormat.OffsetStep) != 0 ? (long)NextNumber() : 0);
        version += SegmentFormat.UnZigZag(NextNumber());
        occurredAt += SegmentFormat.UnZigZag(NextNumber());
        key.Replace((int)NextNumber(), NextBytes());
        if (HasPosition)
            position.Replace((int)NextNumber(), NextBytes());
        valueLength = (flags & SegmentFormat.Tombstone) == 0 ? (int)NextNumber() : 0;
        valueAt = at;
        at += valueLength;
        return true;
    }

    private static void Check(Partition partition, long segmentKey, ReadOnlySpan<byte> segment)
    {
        string? wrong = null;
        if (segment.Length < SegmentFormat.HeaderSize)
            wrong = "are cut off";
        else if (segment[0] != SegmentFormat.Format)
            wrong = $"have the unknown format {segment[0]}";
        else if (BinaryPrimitives.ReadUInt32LittleEndian(segment[SegmentFormat.CrcAt..]) != SegmentFormat.Crc(segmentKey, segment))
            wrong = "are damaged: their checksum does not fit";
        if (wrong is not null)
            throw new HubException(new Finding(
                Codes.LogDamaged, Severity.Error, partition.Place.ToString(),
                $"The log's entries up to offset {partition.OffsetOf(segmentKey)} {wrong}.",
                "Check the disk, then restore the data folder from a backup, or let the sources start anew in an empty one."));
    }

    private string NameOf(ReadOnlySpan<byte> utf8)
    {
        Span<char> name = stackalloc char[256];
        if (utf8.Length > name.Length)
            return Encoding.UTF8.GetString(utf8);
        name = name[..Encoding.UTF8.GetChars(utf8, name)];
        var known = sources.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!known.TryGetValue(name, out var found))
            sources.Add(found = name.ToString());
        return found;
    }

    private ReadOnlySpan<byte> NextBytes()
    {
        var length = (int)NextNumber();
        at += length;
        return buffer.AsSpan(at - length, length);
    }

    private ulong NextNumber()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = buffer[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
