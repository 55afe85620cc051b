namespace Hub.Core.Mapping;

/// <summary>Compares keys as bytes, so that a dictionary can be asked with a span.</summary>
internal sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8Comparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = default(HashCode);
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}

internal static class Utf8Text
{
    /// <summary>Cuts white space at both ends: ASCII, the no-break space and the ideographic space.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (SpaceAtStart(text) is > 0 and var length)
            text = text[length..];
        while (SpaceAtEnd(text) is > 0 and var length)
            text = text[..^length];
        return text;
    }

    private static int SpaceAtStart(ReadOnlySpan<byte> text)
        => text.IsEmpty ? 0
            : text[0] is (byte)' ' or (>= 9 and <= 13) ? 1
            : text.StartsWith("\u3000"u8) ? 3
            : text.StartsWith("\u00a0"u8) ? 2
            : 0;

    private static int SpaceAtEnd(ReadOnlySpan<byte> text)
        => text.IsEmpty ? 0
            : text[^1] is (byte)' ' or (>= 9 and <= 13) ? 1
            : text.EndsWith("\u3000"u8) ? 3
            : text.EndsWith("\u00a0"u8) ? 2
            : 0;
}
