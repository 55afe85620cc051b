namespace Hub.Index.Elasticsearch;

/// <summary>Buffers that are filled again and again. For concurrent use.</summary>
/// <param name="mostBytes">A buffer that one huge document made larger than this is not kept.</param>
internal sealed class LineBuffers(int mostBytes)
{
    private readonly Stack<LineBuffer> free = [];

    public LineBuffer Rent()
    {
        lock (free)
            return free.TryPop(out var buffer) ? buffer : new();
    }

    /// <summary>Whoever returned it does not touch it again.</summary>
    public void Return(LineBuffer lines)
    {
        if (lines.Capacity > mostBytes)
            return;
        lines.Clear();
        lock (free)
            free.Push(lines);
    }
}
