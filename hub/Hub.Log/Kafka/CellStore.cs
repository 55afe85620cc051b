using Confluent.Kafka;
using Hub.Core.Records;

namespace Hub.Log.Kafka;

/// <summary>Keeps the bytes of the record that was read last, in a buffer that is used again.</summary>
internal sealed class CellStore : IDeserializer<Cell>
{
    private byte[] buffer = new byte[1024];
    private int length;

    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, length);

    public Cell Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        if (buffer.Length < data.Length)
            buffer = new byte[Math.Max(data.Length, buffer.Length * 2)];
        data.CopyTo(buffer);
        length = data.Length;
        return isNull ? Cell.Null : new Cell(0, length);
    }
}
