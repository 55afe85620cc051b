using Hub.Core.Records;

namespace Hub.Core.Log;

/// <summary>A partition of a topic. Topic = subject.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}/{Partition}";
}

/// <summary>One record of the log, with its places in the batch that holds it.</summary>
/// <param name="Source">The source that wrote it; the <c>hub-source</c> header.</param>
/// <param name="Offset">Its place in the partition; -1 before it is appended.</param>
/// <param name="Key">The document id <c>{source}:{key}</c> in UTF-8.</param>
/// <param name="Value">Wire format: 0, schema id, Avro; <see cref="Cell.Null"/> for a tombstone. A truncate's is never empty.</param>
/// <param name="OccurredAt">Microseconds since 1970 UTC; 0 when not known.</param>
public readonly record struct LogEntry(
    TopicPartition Place, long Offset, string Source, Operation Operation, long Version, long OccurredAt,
    Cell Key, Cell Value, Cell Position);

/// <summary>Log entries in one buffer, for appending and for reading; cleared and filled again, without an allocation per entry.</summary>
public sealed class LogBatch
{
    private readonly List<LogEntry> entries = [];
    private byte[] bytes = new byte[64 * 1024];
    private int used;

    public int Count => entries.Count;

    /// <summary>Bytes stored so far, for <see cref="Release"/>.</summary>
    public int StoredBytes => used;

    public long SizeInBytes => used + 96L * entries.Count;

    public LogEntry this[int index] => entries[index];

    public ReadOnlySpan<byte> Bytes(Cell cell) => bytes.AsSpan(cell.Offset, cell.Length);

    public ReadOnlyMemory<byte> Memory(Cell cell) => bytes.AsMemory(cell.Offset, cell.Length);

    public void Add(in LogEntry entry) => entries.Add(entry);

    /// <summary>Copies bytes into the batch, for use as a cell of an entry.</summary>
    public Cell Store(ReadOnlySpan<byte> value)
    {
        var cell = new Cell(used, value.Length);
        value.CopyTo(Reserve(value.Length));
        used += value.Length;
        return cell;
    }

    /// <summary>Room for at least <paramref name="size"/> bytes at the end; becomes part of the batch by <see cref="Take"/>.</summary>
    public Span<byte> Reserve(int size)
    {
        if (bytes.Length - used < size)
            Array.Resize(ref bytes, checked((int)Math.Max((long)used + size, Math.Min(bytes.LongLength * 2, Array.MaxLength))));
        return bytes.AsSpan(used);
    }

    /// <summary>Makes the first <paramref name="size"/> bytes of the reserved room a cell.</summary>
    public Cell Take(int size)
    {
        var cell = new Cell(used, size);
        used += size;
        return cell;
    }

    /// <summary>Adds an entry of another batch with copies of its bytes.</summary>
    public void Add(LogBatch other, in LogEntry entry) => entries.Add(entry with
    {
        Key = Copy(other, entry.Key),
        Value = Copy(other, entry.Value),
        Position = Copy(other, entry.Position),
    });

    /// <summary>Gives back what was stored for an entry that was not added.</summary>
    public void Release(int sizeBefore) => used = Math.Min(used, sizeBefore);

    private Cell Copy(LogBatch other, Cell cell) => cell.IsNull ? Cell.Null : Store(other.Bytes(cell));

    public void Clear()
    {
        const int KeepBytes = 16 * 1024 * 1024;
        entries.Clear();
        used = 0;
        if (bytes.Length > KeepBytes)
            bytes = new byte[64 * 1024];
    }
}
