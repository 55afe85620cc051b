using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The transaction coordinator: who produces under which transactional id, and what their open transactions hold.</summary>
internal sealed class TransactionTable(BrokerState state)
{
    private readonly Dictionary<string, Transaction> byId = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Transaction> byProducer = [];
    private long nextProducer = 1000;

    /// <summary>A new life of the transactional id: what the older one left open is aborted, and the older one is shut out.</summary>
    /// <param name="current">Who the caller was, if it asks for a larger epoch of itself.</param>
    public ErrorCode Initialize(string? id, TimeSpan timeout, Producer current, out Producer producer)
    {
        producer = new(nextProducer, 0);
        if (id is null)
        {
            nextProducer++;
            return ErrorCode.NoError;
        }

        if (!byId.TryGetValue(id, out var transaction))
        {
            byId.Add(id, transaction = new(state, producer));
            byProducer.Add(nextProducer++, transaction);
        }
        else if (current.Id >= 0 && current != transaction.Producer)
        {
            return ErrorCode.ProducerFenced;
        }
        else
        {
            transaction.MoveOn();
        }

        transaction.Timeout = timeout;
        producer = transaction.Producer;
        return ErrorCode.NoError;
    }

    public ErrorCode Find(string id, Producer producer, out Transaction transaction)
    {
        if (!byId.TryGetValue(id, out transaction!) || transaction.Producer.Id != producer.Id)
            return ErrorCode.InvalidProducerIdMapping;
        return transaction.Producer.Epoch == producer.Epoch ? ErrorCode.NoError : ErrorCode.InvalidProducerEpoch;
    }

    /// <summary>Whether a batch belongs to an open transaction that knows of its partition.</summary>
    public ErrorCode Check(RecordBatch batch, PartitionLog partition)
    {
        if (!batch.IsTransactional)
            return ErrorCode.NoError;
        if (!byProducer.TryGetValue(batch.ProducerId, out var transaction))
            return ErrorCode.InvalidProducerIdMapping;
        if (transaction.Producer.Epoch != batch.ProducerEpoch)
            return ErrorCode.InvalidProducerEpoch;
        return transaction.Holds(partition) ? ErrorCode.NoError : ErrorCode.InvalidTxnState;
    }
}
