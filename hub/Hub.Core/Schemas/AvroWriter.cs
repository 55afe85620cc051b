using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Hub.Core.Schemas;

/// <summary>Writes Avro binary into one growing buffer that is used again for each record. Source: Avro 1.12 specification, binary encoding.</summary>
public sealed class AvroWriter
{
    private const int FirstBytes = 1024;
    private const int KeepBytes = 16 * 1024 * 1024;

    private byte[] buffer = new byte[FirstBytes];
    private int used;

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, used);

    /// <summary>Empties the buffer; one that a wide record blew up is given back.</summary>
    public void Clear()
    {
        used = 0;
        if (buffer.Length > KeepBytes)
            buffer = new byte[FirstBytes];
    }

    /// <summary>Starts a record in Confluent's wire format: 0, schema id (big endian), Avro.</summary>
    public void BeginRecord(int schemaId)
    {
        Clear();
        var head = Reserve(WireFormat.HeaderSize);
        head[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], schemaId);
        used = WireFormat.HeaderSize;
    }

    public void WriteBoolean(bool value)
    {
        Reserve(1)[0] = value ? (byte)1 : (byte)0;
        used++;
    }

    /// <summary>Writes int, long, date, timestamp and union branches: zigzag, 7 bits a byte.</summary>
    public void WriteLong(long value)
    {
        var span = Reserve(10);
        var rest = (ulong)((value << 1) ^ (value >> 63));
        var i = 0;
        while (rest >= 0x80)
        {
            span[i++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        span[i++] = (byte)rest;
        used += i;
    }

    /// <summary>Writes a string or bytes: length, then the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteLong(value.Length);
        value.CopyTo(Reserve(value.Length));
        used += value.Length;
    }

    /// <summary>Copies Avro binary that was made before, such as a constant.</summary>
    public void WriteEncoded(ReadOnlySpan<byte> avro)
    {
        avro.CopyTo(Reserve(avro.Length));
        used += avro.Length;
    }

    /// <summary>Writes a decimal's unscaled number: the fewest two's-complement bytes, big endian.</summary>
    public void WriteDecimal(Int128 unscaled)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt128BigEndian(bytes, unscaled);
        var sign = unscaled < 0 ? (byte)0xff : (byte)0;
        var first = 0;
        while (first < 15 && bytes[first] == sign && (bytes[first + 1] & 0x80) == (sign & 0x80))
            first++;
        WriteBytes(bytes[first..]);
    }

    /// <summary>Writes which branch of a union with null follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBranch(FieldSchema field, bool isNull)
    {
        if (field.Nullable)
            WriteLong(isNull ? field.NullBranch : 1 - field.NullBranch);
    }

    private Span<byte> Reserve(int size)
    {
        if (buffer.Length - used < size)
            Array.Resize(ref buffer, checked((int)Math.Max((long)used + size, Math.Min(buffer.Length * 2L, Array.MaxLength))));
        return buffer.AsSpan(used);
    }
}

/// <summary>Confluent's wire format: magic byte 0, schema id in four bytes, Avro binary.</summary>
public static class WireFormat
{
    public const int HeaderSize = 5;

    /// <exception cref="InvalidDataException">The bytes are not in the wire format.</exception>
    public static int ReadSchemaId(ReadOnlySpan<byte> value)
        => value.Length >= HeaderSize && value[0] == 0
            ? BinaryPrimitives.ReadInt32BigEndian(value[1..])
            : throw new InvalidDataException("The value does not start with magic byte 0 and a schema id.");
}
