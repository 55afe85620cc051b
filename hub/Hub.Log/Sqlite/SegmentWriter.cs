using System.Buffers.Binary;
using System.Text;
using Hub.Core.Records;

namespace Hub.Log.Sqlite;

/// <summary>One entry on its way into or out of a segment.</summary>
internal readonly ref struct SegmentEntry
{
    public required long Offset { get; init; }

    public required string Source { get; init; }

    public required Operation Operation { get; init; }

    public required long Version { get; init; }

    public required long OccurredAt { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public ReadOnlySpan<byte> Position { get; init; }

    public required bool HasValue { get; init; }

    public required bool HasPosition { get; init; }

    public int ByteCount => Key.Length + Value.Length + Position.Length;
}

/// <summary>Packs entries of one partition, in the order of their offsets. Its buffer is used again for the next segment.</summary>
internal sealed class SegmentWriter
{
    private const int LargestFixedPart = 64;
    private readonly PrefixBytes key = new();
    private readonly PrefixBytes position = new();
    private byte[] buffer = new byte[SegmentFormat.TargetSize];
    private int length = SegmentFormat.HeaderSize;
    private long firstOffset;
    private string? source;
    private long version;
    private long occurredAt;

    public int Count { get; private set; }

    public long LastOffset { get; private set; }

    /// <summary>Whether the segment should be finished before an entry of so many bytes is added.</summary>
    public bool IsFullFor(int byteCount) => Count > 0 && length + LargestFixedPart + byteCount > SegmentFormat.TargetSize;

    public void Add(in SegmentEntry entry)
    {
        Reserve(entry);
        if (Count == 0)
            firstOffset = LastOffset = entry.Offset;
        var step = Count == 0 ? 0 : entry.Offset - LastOffset - 1;
        var flags = FlagsOf(entry, step);
        buffer[length++] = flags;
        if ((flags & SegmentFormat.NewSource) != 0)
            AddSource(entry.Source);
        if (step > 0)
            AddNumber((ulong)step);
        AddNumber(SegmentFormat.ZigZag(entry.Version - version));
        AddNumber(SegmentFormat.ZigZag(entry.OccurredAt - occurredAt));
        AddDifference(key, entry.Key);
        if (entry.HasPosition)
            AddDifference(position, entry.Position);
        if (entry.HasValue)
            AddBytes(entry.Value);
        (version, occurredAt, LastOffset) = (entry.Version, entry.OccurredAt, entry.Offset);
        Count++;
    }

    /// <summary>The packed segment; valid until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish(long segmentKey)
    {
        var segment = buffer.AsSpan(0, length);
        segment[0] = SegmentFormat.Format;
        BinaryPrimitives.WriteInt32LittleEndian(segment[SegmentFormat.CountAt..], Count);
        BinaryPrimitives.WriteInt64LittleEndian(segment[SegmentFormat.FirstOffsetAt..], firstOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[SegmentFormat.CrcAt..], SegmentFormat.Crc(segmentKey, segment));
        return segment;
    }

    public void Clear()
    {
        if (buffer.Length > 4 * SegmentFormat.TargetSize)
            buffer = new byte[SegmentFormat.TargetSize];
        length = SegmentFormat.HeaderSize;
        Count = 0;
        source = null;
        version = occurredAt = 0;
        key.Clear();
        position.Clear();
    }

    private byte FlagsOf(in SegmentEntry entry, long step)
    {
        var operation = (byte)entry.Operation;
        if ((operation & SegmentFormat.OperationBits) != operation)
            throw new ArgumentException($"The log has no room for the operation {operation}.");
        return (byte)(operation
            | (entry.HasValue ? 0 : SegmentFormat.Tombstone)
            | (entry.Source == source ? 0 : SegmentFormat.NewSource)
            | (step > 0 ? SegmentFormat.OffsetStep : 0)
            | (entry.HasPosition ? 0 : SegmentFormat.NoPosition));
    }

    private void Reserve(in SegmentEntry entry)
    {
        var need = (long)length + LargestFixedPart + entry.ByteCount;
        if (entry.Source != source)
            need += Encoding.UTF8.GetMaxByteCount(entry.Source.Length);
        if (need > buffer.Length)
            Array.Resize(ref buffer, checked((int)Math.Max(need, buffer.Length * 2L)));
    }

    private void AddSource(string name)
    {
        source = name;
        AddNumber((ulong)Encoding.UTF8.GetByteCount(name));
        length += Encoding.UTF8.GetBytes(name, buffer.AsSpan(length));
    }

    private void AddDifference(PrefixBytes before, ReadOnlySpan<byte> value)
    {
        var shared = before.SharedWith(value);
        AddNumber((ulong)shared);
        AddBytes(value[shared..]);
        before.Replace(shared, value[shared..]);
    }

    private void AddBytes(ReadOnlySpan<byte> value)
    {
        AddNumber((ulong)value.Length);
        value.CopyTo(buffer.AsSpan(length));
        length += value.Length;
    }

    private void AddNumber(ulong value)
    {
        while (value >= 0x80)
        {
            buffer[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[length++] = (byte)value;
    }
}
