using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Writes the fields of one answer, in the order in which Kafka's protocol lists them, after the length that precedes every answer.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new(1024);

    public WireWriter(int correlation)
    {
        Int32(0);
        Int32(correlation);
    }

    public void Boolean(bool value) => Int8((sbyte)(value ? 1 : 0));

    public void Int8(sbyte value) => buffer.Write([(byte)value]);

    public void Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(buffer.GetSpan(sizeof(short)), value);
        buffer.Advance(sizeof(short));
    }

    public void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(buffer.GetSpan(sizeof(int)), value);
        buffer.Advance(sizeof(int));
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(buffer.GetSpan(sizeof(long)), value);
        buffer.Advance(sizeof(long));
    }

    public void Error(ErrorCode error) => Int16((short)error);

    public void String(string? value)
    {
        if (value is null)
        {
            Int16(-1);
            return;
        }

        Int16((short)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, buffer);
    }

    public void CompactString(string value)
    {
        CompactLength(Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, buffer);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        buffer.Write(value);
    }

    /// <summary>One field of bytes out of several parts.</summary>
    public void Bytes(IReadOnlyCollection<ReadOnlyMemory<byte>> parts)
    {
        var length = parts.Sum(part => part.Length);
        Int32(length);
        // Room for all at once: growing part by part would copy megabytes of records again and again.
        buffer.GetSpan(length);
        foreach (var part in parts)
            buffer.Write(part.Span);
    }

    public void Array<T>(IReadOnlyCollection<T> values, Action<T> write)
    {
        Int32(values.Count);
        foreach (var value in values)
            write(value);
    }

    public void CompactArray<T>(IReadOnlyCollection<T> values, Action<T> write)
    {
        CompactLength(values.Count);
        foreach (var value in values)
            write(value);
    }

    /// <summary>The end of a structure in the newer encoding.</summary>
    public void NoTags() => Int8(0);

    /// <summary>The whole answer.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        var all = MemoryMarshal.AsMemory(buffer.WrittenMemory);
        BinaryPrimitives.WriteInt32BigEndian(all.Span, all.Length - sizeof(int));
        return all;
    }

    private void CompactLength(int length)
    {
        var left = (uint)length + 1;
        for (; left >= 0x80; left >>= 7)
            Int8((sbyte)(left | 0x80));
        Int8((sbyte)left);
    }
}
