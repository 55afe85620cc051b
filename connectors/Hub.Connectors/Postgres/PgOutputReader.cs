using System.Buffers.Binary;
using System.Text;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Reads the fields of one message of PostgreSQL's <c>pgoutput</c> plugin, protocol version 1.
/// Source: PostgreSQL documentation, "Logical Replication Message Formats".
/// </summary>
/// <exception cref="InvalidDataException">The message ends too early.</exception>
internal ref struct PgOutputReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    public byte ReadByte() => Take(1)[0];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadLsn() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>A moment in microseconds since 1970 UTC; the wire counts from 2000.</summary>
    public long ReadMicroseconds() => BinaryPrimitives.ReadInt64BigEndian(Take(8)) + 946_684_800_000_000;

    public string ReadName()
    {
        var end = rest.IndexOf((byte)0);
        if (end < 0)
            throw new InvalidDataException("A pgoutput message holds a name without an end.");
        var name = Encoding.UTF8.GetString(rest[..end]);
        rest = rest[(end + 1)..];
        return name;
    }

    public ReadOnlySpan<byte> Take(int length)
    {
        if ((uint)length > (uint)rest.Length)
            throw new InvalidDataException("A pgoutput message ends too early.");
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
