using System.Buffers.Binary;
using System.Text;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Reads the fields of one request, in the order in which Kafka's protocol lists them.</summary>
internal sealed class WireReader(Memory<byte> bytes)
{
    private int at;

    public bool Boolean() => Int8() != 0;

    public sbyte Int8() => (sbyte)Take(1).Span[0];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)).Span);

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)).Span);

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)).Span);

    public string String() => NullableString() ?? "";

    public string? NullableString() => Text(Int16());

    public string CompactString() => CompactNullableString() ?? "";

    public string? CompactNullableString() => Text(CompactLength());

    /// <summary>A part of the request itself, not a copy.</summary>
    public Memory<byte> Bytes() => Take(Math.Max(Int32(), 0));

    public List<T> Array<T>(Func<T> read) => Repeat(Int32(), read);

    public List<T> CompactArray<T>(Func<T> read) => Repeat(CompactLength(), read);

    /// <summary>The end of a structure in the newer encoding: fields that old readers may not know.</summary>
    public void SkipTags()
    {
        for (var left = Unsigned(); left > 0; left--)
        {
            _ = Unsigned();
            Take(Unsigned());
        }
    }

    private static List<T> Repeat<T>(int count, Func<T> read)
    {
        var values = new List<T>(Math.Max(count, 0));
        for (var i = 0; i < count; i++)
            values.Add(read());
        return values;
    }

    private int CompactLength() => Unsigned() - 1;

    private int Unsigned()
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = Take(1).Span[0];
            value |= (part & 0x7f) << shift;
            if (part < 0x80)
                return value;
        }
    }

    private string? Text(int length) => length < 0 ? null : Encoding.UTF8.GetString(Take(length).Span);

    private Memory<byte> Take(int length)
    {
        var part = bytes.Slice(at, length);
        at += length;
        return part;
    }
}
