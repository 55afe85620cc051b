using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>One partition: batches as they were sent, in memory, and what became of the transactions in it.</summary>
internal sealed class PartitionLog
{
    private readonly List<RecordBatch> batches = [];
    private readonly List<AbortedTransaction> aborted = [];
    private readonly Dictionary<long, long> open = [];
    private readonly Dictionary<long, ProducerSequence> producers = [];

    /// <summary>Where the next record goes.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>The first offset of the oldest open transaction, else the high watermark: what committed readers may see ends there.</summary>
    public long LastStable => open.Count == 0 ? HighWatermark : open.Values.Min();

    public long End(IsolationLevel isolation) => isolation == IsolationLevel.ReadCommitted ? LastStable : HighWatermark;

    public ErrorCode Append(RecordBatch batch, out long offset)
    {
        offset = -1;
        var sequence = batch.ProducerId < 0 ? null : SequenceOf(batch.ProducerId);
        long? stored = null;
        if (sequence?.Check(batch, out stored) is { } error && error != ErrorCode.NoError)
            return error;
        if (stored is { } already)
        {
            offset = already;
            return ErrorCode.NoError;
        }

        offset = Add(batch);
        sequence?.Appended(batch);
        if (batch.IsTransactional)
            open.TryAdd(batch.ProducerId, offset);
        return ErrorCode.NoError;
    }

    /// <summary>Ends the producer's transaction here.</summary>
    public void End(Producer producer, bool commit, DateTimeOffset now)
    {
        SequenceOf(producer.Id).MoveTo(producer.Epoch);
        var marker = Add(RecordBatch.Control(producer, commit, now));
        // A partition may have been added to a transaction that never wrote to it.
        if (open.Remove(producer.Id, out var first) && !commit)
            aborted.Add(new(producer.Id, first, marker));
    }

    /// <summary>Whole batches from the one that holds the offset, up to the end that the isolation level allows; at least one, however large.</summary>
    public List<RecordBatch> Read(long offset, IsolationLevel isolation, int maxBytes)
    {
        var read = new List<RecordBatch>();
        var end = End(isolation);
        for (var i = IndexOf(offset); i < batches.Count && batches[i].BaseOffset < end; i++)
        {
            maxBytes -= batches[i].Bytes.Length;
            if (maxBytes < 0 && read.Count > 0)
                break;
            read.Add(batches[i]);
        }

        return read;
    }

    public List<AbortedTransaction> Aborted(long from, long to) => [.. aborted.Where(transaction => transaction.Last >= from && transaction.First < to)];

    /// <summary>The first batch that is not older; its first offset stands for the record's.</summary>
    public RecordBatch? FirstAfter(long timestamp) => batches.Where(batch => batch.MaxTimestamp >= timestamp).Select(batch => (RecordBatch?)batch).FirstOrDefault();

    public PartitionCounts Count()
    {
        var records = batches.Where(batch => !batch.IsControl).ToArray();
        return new(
            records.Sum(batch => batch.Records),
            records.Where(IsCommitted).Sum(batch => batch.Records),
            HighWatermark,
            LastStable);
    }

    private bool IsCommitted(RecordBatch batch)
        => !batch.IsTransactional
        || (!(open.TryGetValue(batch.ProducerId, out var first) && batch.BaseOffset >= first)
            && !aborted.Any(transaction => transaction.Producer == batch.ProducerId && transaction.First <= batch.BaseOffset && batch.BaseOffset < transaction.Last));

    private long Add(RecordBatch batch)
    {
        batch.Place(HighWatermark);
        batches.Add(batch);
        HighWatermark = batch.LastOffset + 1;
        return batch.BaseOffset;
    }

    private ProducerSequence SequenceOf(long producer)
    {
        if (!producers.TryGetValue(producer, out var sequence))
            producers.Add(producer, sequence = new());
        return sequence;
    }

    private int IndexOf(long offset)
    {
        var (low, high) = (0, batches.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (batches[middle].LastOffset < offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
