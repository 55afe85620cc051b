using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Records;

namespace Hub.Log.Kafka;

/// <summary>Puts the bytes of what is read straight into the batch that is being filled.</summary>
internal sealed class BatchStore : IDeserializer<Cell>
{
    public LogBatch Batch { get; set; } = new();

    public Cell Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => isNull ? Cell.Null : Batch.Store(data);
}
