namespace Hub.Log.Kafka;

/// <summary>
/// Copies of bytes in arrays that are exactly as long, for a library that takes nothing else and copies them in turn: one array per length is used
/// again and again, up to a largest length. An array is the caller's until the next copy.
/// </summary>
internal sealed class ExactBuffers(int largest)
{
    private readonly byte[]?[] bySize = new byte[]?[largest + 1];

    public byte[] Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > largest)
            return bytes.ToArray();
        var buffer = bySize[bytes.Length] ??= new byte[bytes.Length];
        bytes.CopyTo(buffer);
        return buffer;
    }
}
