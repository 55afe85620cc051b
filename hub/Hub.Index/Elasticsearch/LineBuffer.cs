namespace Hub.Index.Elasticsearch;

/// <summary>Lines of JSON for one bulk request, and where each document's lines stand; cleared and filled again.</summary>
internal sealed partial class LineBuffer
{
    private readonly List<BulkLine> lines = [];
    private byte[] bytes = new byte[64 * 1024];
    private int begun;

    public int Length { get; private set; }

    /// <summary>Bytes that it takes in memory, filled or not.</summary>
    public int Capacity => bytes.Length;

    public IReadOnlyList<BulkLine> Lines => lines;

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, Length);

    /// <summary>Ends a document's lines.</summary>
    public void EndDocument(int entry, int generation)
    {
        lines.Add(new(entry, generation, begun, Length - begun));
        begun = Length;
    }

    /// <summary>Forgets what was written since the last document's end.</summary>
    public void DropOpen() => Length = begun;

    /// <summary>Adds lines of another buffer.</summary>
    public void Add(LineBuffer other, in BulkLine line)
    {
        Write(other.bytes.AsSpan(line.Start, line.Length));
        EndDocument(line.Entry, line.Generation);
    }

    public void Clear()
    {
        lines.Clear();
        Length = begun = 0;
    }

    /// <summary>At least so many bytes behind what was written.</summary>
    private Span<byte> Room(int size)
    {
        if (bytes.Length - Length < size)
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + size));
        return bytes.AsSpan(Length);
    }
}

/// <summary>One document of a bulk request: the entry of the batch it was made of, and the generation it goes to.</summary>
internal readonly record struct BulkLine(int Entry, int Generation, int Start, int Length);
