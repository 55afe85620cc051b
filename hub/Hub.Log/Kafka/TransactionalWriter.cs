using System.Text;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Ops;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Log.Kafka;

/// <summary>
/// Appends in transactions under one transactional id. Making another writer with the same id, here or elsewhere, refuses whatever
/// this one does afterwards. Once an append has failed, a writer is of no more use. Not for concurrent use.
/// </summary>
internal sealed class TransactionalWriter : IDisposable
{
    // A transaction that is left open holds readers back until it times out; but whoever ends Hub does not wait for long.
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(2);

    // How often a wait looks whether it is in vain.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // Nearly all keys and values are smaller; the others are garbage at once.
    private const int LargestKept = 2048;

    private readonly KafkaClients clients;
    private readonly KafkaTopics topics;
    private readonly KafkaHeaders headers = new();
    private readonly ExactBuffers keys = new(LargestKept);
    private readonly ExactBuffers values = new(LargestKept);
    private readonly IProducer<byte[], byte[]?> producer;
    private readonly List<Slot> used = [];
    private readonly Dictionary<TopicPartition, Slot> slots = [];
    private readonly Message<byte[], byte[]?> message = new();
    private CountdownEvent? undelivered;

    /// <summary>A partition with the entry that waits to be sent: the last one of a batch is sent with a report of its offset.</summary>
    private sealed class Slot(Confluent.Kafka.TopicPartition place, TopicPartition name)
    {
        public Confluent.Kafka.TopicPartition Place { get; } = place;

        public TopicPartition Name { get; } = name;

        public int Waiting { get; set; } = -1;

        public long End { get; set; }
    }

    /// <summary>Blocks until what an earlier writer of the id left open is undone or done.</summary>
    /// <exception cref="HubException">The cluster cannot be reached or does not let this user write.</exception>
    public TransactionalWriter(KafkaClients clients, KafkaTopics topics, string id, CancellationToken cancellationToken)
    {
        (this.clients, this.topics, Id) = (clients, topics, id);
        producer = clients.Producer(id);
        try
        {
            BlockingCalls.Run(producer.InitTransactions, clients, cancellationToken);
        }
        catch (Exception failure)
        {
            producer.Dispose();
            if (failure is KafkaException explained)
                throw clients.Explain(explained, $"the transactional id '{id}' cannot be taken");
            throw;
        }
    }

    public string Id { get; }

    /// <summary>Blocks until all is committed, and tells by <paramref name="written"/> where each partition ends then.</summary>
    /// <param name="checkpoint">Key and value of a record of the topic of checkpoints; a null value takes one away.</param>
    public void Append(LogBatch entries, (string Source, byte[]? Value)? checkpoint, Action<TopicPartition, long> written, CancellationToken cancellationToken)
    {
        try
        {
            producer.BeginTransaction();
            undelivered = new CountdownEvent(1);
            for (var i = 0; i < entries.Count; i++)
                Add(entries, i, SlotOf(entries[i].Place));
            if (checkpoint is { } record)
                Send(SlotOf(topics.CheckpointPlace(record.Source)), Encoding.UTF8.GetBytes(record.Source), record.Value, []);
            foreach (var slot in used)
                if (slot.Waiting >= 0)
                    SendLast(entries, slot);
            undelivered.Signal();
            // Not Flush: it and the library's own thread wait for each other's turn. Nothing is gathered for longer, so there is nothing to push.
            while (!undelivered.Wait(Look, cancellationToken))
                clients.ThrowIfRefused();
            // Fails if a single record was not taken, and tells why: a record's own report may only tell that it was given up with the others.
            BlockingCalls.Run(producer.CommitTransaction, clients, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Abort();
            throw;
        }
        catch (KafkaException failure)
        {
            var cause = CauseOf(failure);
            Abort();
            throw clients.Explain(cause, $"'{Id}' cannot write to {string.Join(", ", used.Select(slot => slot.Place.Topic).Distinct())}");
        }
        finally
        {
            undelivered = null;
        }

        foreach (var slot in used)
            written(slot.Name, slot.End);
        used.Clear();
    }

    public void Dispose() => producer.Dispose();

    /// <summary>A transaction that has failed already refuses its next record, and its commit, which alone tells why.</summary>
    private KafkaException CauseOf(KafkaException failure)
    {
        if (failure.Error.Code is not (ErrorCode.Local_State or ErrorCode.Local_Fatal))
            return failure;
        try
        {
            producer.CommitTransaction(AbortPatience);
            return failure;
        }
        catch (KafkaException cause)
        {
            return cause;
        }
    }

    private void Abort()
    {
        try
        {
            producer.AbortTransaction(AbortPatience);
        }
        catch (KafkaException)
        {
            // It may be done already, or cannot be undone from here: the next writer of the id settles it, or its timeout.
        }
    }

    private Slot SlotOf(TopicPartition name)
    {
        if (!slots.TryGetValue(name, out var slot))
            slots.Add(name, slot = new(new(topics.NameOf(name.Topic), name.Partition), name));
        if (slot.End >= 0)
        {
            slot.End = -1;
            used.Add(slot);
        }

        return slot;
    }

    private void Add(LogBatch entries, int index, Slot slot)
    {
        if (slot.Waiting >= 0)
            Produce(slot, entries, slot.Waiting, null);
        slot.Waiting = index;
    }

    private void SendLast(LogBatch entries, Slot slot)
    {
        undelivered!.AddCount();
        Produce(slot, entries, slot.Waiting, report => Delivered(slot, report));
        slot.Waiting = -1;
    }

    private void Send(Slot slot, byte[] key, byte[]? value, Headers recordHeaders)
    {
        undelivered!.AddCount();
        (message.Key, message.Value, message.Headers) = (key, value, recordHeaders);
        producer.Produce(slot.Place, message, report => Delivered(slot, report));
    }

    private void Produce(Slot slot, LogBatch entries, int index, Action<DeliveryReport<byte[], byte[]?>>? report)
    {
        var entry = entries[index];
        message.Key = keys.Copy(entries.Bytes(entry.Key));
        message.Value = entry.Value.HasValue ? values.Copy(entries.Bytes(entry.Value)) : KafkaHeaders.ValueWithout(entry.Operation);
        message.Headers = headers.Write(entries, entry);
        producer.Produce(slot.Place, message, report);
    }

    private void Delivered(Slot slot, DeliveryReport<byte[], byte[]?> report)
    {
        slot.End = report.Offset.Value + 1;
        undelivered?.Signal();
    }
}
