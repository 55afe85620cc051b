using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Hub.Log.Sqlite;

/// <summary>
/// What the writer and the reader of segments agree on. A segment is a header (format, CRC-32C of all that follows and of the
/// segment's key, number of entries, first offset) and its entries. An entry is a byte of flags and operation, then, as numbers of
/// variable length: the source where it changes, the step of the offset where entries are missing, the steps of version and time,
/// key and position (how many bytes they share with the entry before, and the rest) and the value.
/// </summary>
internal static class SegmentFormat
{
    public const byte Format = 1;
    public const int HeaderSize = 17;
    public const int CrcAt = 1;
    public const int CountAt = 5;
    public const int FirstOffsetAt = 9;

    /// <summary>Segments are closed before they grow beyond this, unless one entry is larger.</summary>
    public const int TargetSize = 256 * 1024;

    public const byte OperationBits = 0x07;
    public const byte Tombstone = 0x08;
    public const byte NewSource = 0x10;
    public const byte OffsetStep = 0x20;
    public const byte NoPosition = 0x40;

    public static uint Crc(long key, ReadOnlySpan<byte> segment)
    {
        var data = segment[CountAt..];
        var crc = BitOperations.Crc32C(uint.MaxValue, (ulong)key);
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(data))
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (var rest in data[(data.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}

/// <summary>The bytes of the entry before, which the next one is written as a difference to.</summary>
internal sealed class PrefixBytes
{
    private byte[] bytes = new byte[256];
    private int length;

    public ReadOnlySpan<byte> Span => bytes.AsSpan(0, length);

    public void Clear() => length = 0;

    public int SharedWith(ReadOnlySpan<byte> next) => Span.CommonPrefixLength(next);

    public void Replace(int keep, ReadOnlySpan<byte> rest)
    {
        if (keep > length)
            throw new InvalidDataException("An entry shares more bytes with the one before than that one has.");
        if (bytes.Length < keep + rest.Length)
            Array.Resize(ref bytes, Math.Max(keep + rest.Length, bytes.Length * 2));
        rest.CopyTo(bytes.AsSpan(keep));
        length = keep + rest.Length;
    }
}
