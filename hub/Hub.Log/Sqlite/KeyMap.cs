using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Hub.Log.Sqlite;

/// <summary>For the keys of a stretch of the log: which of their entries must stay. Keys are held as half of their SHA-256.</summary>
internal sealed class KeyMap
{
    private readonly Dictionary<UInt128, Kept> kept = [];

    public int Count => kept.Count;

    public void Clear() => kept.Clear();

    public void Add(in SegmentEntry entry)
    {
        var hash = HashOf(entry.Key);
        // Of equal versions the later counts: it is the one a reader applies last.
        kept[hash] = kept.TryGetValue(hash, out var before) && before.HighestVersion > entry.Version
            ? before with { Last = entry.Offset }
            : new(entry.Offset, entry.Offset, entry.Version);
    }

    /// <summary>
    /// Whether a later entry takes this one's place. A late write of an older version does not: a reader that goes by versions
    /// still needs the newer one before it.
    /// </summary>
    public bool Supersedes(in SegmentEntry entry)
        => kept.TryGetValue(HashOf(entry.Key), out var key)
            && entry.Offset < key.Last && entry.Offset != key.Highest && entry.Version <= key.HighestVersion;

    private static UInt128 HashOf(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private readonly record struct Kept(long Last, long Highest, long HighestVersion);
}
