using System.Buffers.Binary;
using Hub.Core.Schemas.Types;

namespace Hub.Connectors.Debezium;

/// <summary>Reads Avro binary where it lies. Source: Avro 1.12 specification, binary encoding.</summary>
/// <exception cref="InvalidDataException">The bytes end too early or are not what the schema says.</exception>
internal ref struct AvroCursor(ReadOnlySpan<byte> record, int start)
{
    private readonly ReadOnlySpan<byte> record = record;

    /// <summary>The place of the next byte.</summary>
    public int At { get; private set; } = start;

    public readonly bool IsAtEnd => At == record.Length;

    public long ReadLong()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = Take(1)[0];
            value |= (ulong)(part & 0x7f) << shift;
            if ((part & 0x80) == 0)
                return (long)(value >> 1) ^ -(long)(value & 1);
        }

        throw new InvalidDataException("a number has more than ten bytes");
    }

    public bool ReadBoolean() => Take(1)[0] != 0;

    public float ReadFloat() => BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    public ReadOnlySpan<byte> ReadBytes() => Take(ReadLong());

    public ReadOnlySpan<byte> Take(long length)
    {
        if ((ulong)length > (ulong)(record.Length - At))
            throw new InvalidDataException("it ends before its schema does");
        var taken = record.Slice(At, (int)length);
        At += (int)length;
        return taken;
    }

    /// <summary>Passes over one value.</summary>
    public void Skip(AvroNode node)
    {
        switch (node.Kind)
        {
            case AvroKind.Null:
                break;
            case AvroKind.Boolean:
                Take(1);
                break;
            case AvroKind.Int or AvroKind.Long or AvroKind.Enum:
                ReadLong();
                break;
            case AvroKind.Float:
                Take(sizeof(float));
                break;
            case AvroKind.Double:
                Take(sizeof(double));
                break;
            case AvroKind.Bytes or AvroKind.String:
                ReadBytes();
                break;
            case AvroKind.Fixed:
                Take(node.Size);
                break;
            case AvroKind.Union:
                Skip(node.Branch(ReadLong()));
                break;
            case AvroKind.Record:
                foreach (var field in node.Children)
                    Skip(field);
                break;
            default:
                SkipBlocks(node);
                break;
        }
    }

    private void SkipBlocks(AvroNode node)
    {
        for (var count = ReadLong(); count != 0; count = ReadLong())
        {
            if (count < 0)
            {
                Take(ReadLong());
                continue;
            }

            // Each takes a byte at least; a count that cannot be true must not keep the reader busy.
            if (count > record.Length - At)
                throw new InvalidDataException("it ends before its schema does");
            for (; count > 0; count--)
            {
                if (node.Kind == AvroKind.Map)
                    ReadBytes();
                Skip(node.Children[0]);
            }
        }
    }
}
