using System.Buffers.Binary;
using System.Numerics;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>
/// The header of a batch of records in Kafka's format 2, over the bytes as the producer sent them. The checksum begins after the base offset and the
/// leader's epoch, so a broker sets those two without touching the records, compressed or not.
/// </summary>
internal readonly record struct RecordBatch(Memory<byte> Bytes)
{
    public const int HeaderLength = 61;
    public const sbyte Format = 2;
    public const int NoSequence = -1;
    private const int ChecksumAt = 17;
    private const int AttributesAt = 21;
    private const short TransactionalFlag = 1 << 4;
    private const short ControlFlag = 1 << 5;

    public bool IsWhole => Bytes.Length >= HeaderLength && Bytes.Span[16] == Format && Int32(8) == Bytes.Length - 12;

    public bool IsTransactional => (Attributes & TransactionalFlag) != 0;

    public bool IsControl => (Attributes & ControlFlag) != 0;

    public long BaseOffset => Int64(0);

    public long LastOffset => BaseOffset + Int32(23);

    public int Records => Int32(57);

    public long MaxTimestamp => Int64(35);

    public long ProducerId => Int64(43);

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(Bytes.Span[51..]);

    public int BaseSequence => Int32(53);

    /// <summary>The sequence goes on at 0 after the largest number.</summary>
    public int LastSequence => (int)(((long)BaseSequence + Int32(23)) & int.MaxValue);

    private short Attributes => BinaryPrimitives.ReadInt16BigEndian(Bytes.Span[AttributesAt..]);

    public void Place(long baseOffset)
    {
        BinaryPrimitives.WriteInt64BigEndian(Bytes.Span, baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(Bytes.Span[12..], 0);
    }

    /// <summary>The one record that ends a transaction in a partition.</summary>
    public static RecordBatch Control(Producer producer, bool commit, DateTimeOffset now)
    {
        // Length, attributes, time delta, offset delta, key (version, type), value (version, coordinator's epoch), headers; lengths are zigzag numbers.
        byte[] record = [16 << 1, 0, 0, 0, 4 << 1, 0, 0, 0, (byte)(commit ? 1 : 0), 6 << 1, 0, 0, 0, 0, 0, 0, 0];
        var bytes = new byte[HeaderLength + record.Length];
        record.CopyTo(bytes, HeaderLength);
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteInt32BigEndian(span[8..], bytes.Length - 12);
        span[16] = (byte)Format;
        BinaryPrimitives.WriteInt16BigEndian(span[AttributesAt..], TransactionalFlag | ControlFlag);
        BinaryPrimitives.WriteInt64BigEndian(span[27..], now.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(span[35..], now.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(span[43..], producer.Id);
        BinaryPrimitives.WriteInt16BigEndian(span[51..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(span[53..], NoSequence);
        BinaryPrimitives.WriteInt32BigEndian(span[57..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(span[ChecksumAt..], Crc32C(span[AttributesAt..]));
        return new(bytes);
    }

    /// <summary>Whether the records are those that the producer sent.</summary>
    public bool IsIntact() => BinaryPrimitives.ReadUInt32BigEndian(Bytes.Span[ChecksumAt..]) == Crc32C(Bytes.Span[AttributesAt..]);

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var part in bytes)
            crc = BitOperations.Crc32C(crc, part);
        return ~crc;
    }

    private int Int32(int at) => BinaryPrimitives.ReadInt32BigEndian(Bytes.Span[at..]);

    private long Int64(int at) => BinaryPrimitives.ReadInt64BigEndian(Bytes.Span[at..]);
}
