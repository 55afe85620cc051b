using System.Buffers;

namespace Hub.Core.Mapping;

/// <summary>
/// Joins the parts of a document key by <c>~</c> in a buffer that is used again. <c>%</c> and <c>~</c> within a part become
/// <c>%25</c> and <c>%7E</c>, so that no two lists of parts give the same key. Keys are stored: this form never changes.
/// </summary>
public sealed class KeyWriter
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create("%~"u8);

    private byte[] buffer = new byte[128];
    private int used;
    private int parts;

    /// <summary>The key in UTF-8; valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, used);

    public void Clear() => used = parts = 0;

    public void AppendPart(ReadOnlySpan<byte> part)
    {
        Grow((part.Length * 3) + 1);
        if (parts++ > 0)
            buffer[used++] = (byte)'~';

        for (var next = part.IndexOfAny(Escaped); next >= 0; next = part.IndexOfAny(Escaped))
        {
            Copy(part[..next]);
            Copy(part[next] == '%' ? "%25"u8 : "%7E"u8);
            part = part[(next + 1)..];
        }

        Copy(part);
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    private void Grow(int size)
    {
        if (buffer.Length - used < size)
            Array.Resize(ref buffer, Math.Max(used + size, buffer.Length * 2));
    }
}
