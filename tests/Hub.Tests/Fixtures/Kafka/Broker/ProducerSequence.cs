using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>What one partition remembers of one producer, so that a batch that is sent again is not stored again.</summary>
internal sealed class ProducerSequence
{
    // As many as a producer may have under way.
    private const int Remembered = 5;
    private readonly Queue<(int First, int Last, long Offset)> latest = new();
    private short epoch = -1;
    private int last = -1;

    /// <summary>The offset of the batch if it is here already; else whether it may be appended.</summary>
    public ErrorCode Check(RecordBatch batch, out long? stored)
    {
        stored = null;
        if (batch.ProducerEpoch < epoch)
            return ErrorCode.InvalidProducerEpoch;
        if (batch.ProducerEpoch > epoch)
            return batch.BaseSequence == 0 ? ErrorCode.NoError : ErrorCode.OutOfOrderSequenceNumber;
        foreach (var (first, end, offset) in latest)
            if (first == batch.BaseSequence && end == batch.LastSequence)
                stored = offset;
        return stored is not null || batch.BaseSequence == ((last + 1) & int.MaxValue) ? ErrorCode.NoError : ErrorCode.OutOfOrderSequenceNumber;
    }

    public void Appended(RecordBatch batch)
    {
        MoveTo(batch.ProducerEpoch);
        last = batch.LastSequence;
        latest.Enqueue((batch.BaseSequence, batch.LastSequence, batch.BaseOffset));
        if (latest.Count > Remembered)
            latest.Dequeue();
    }

    /// <summary>A new epoch counts from 0 again and shuts out the older.</summary>
    public void MoveTo(short next)
    {
        if (next == epoch)
            return;
        (epoch, last) = (next, -1);
        latest.Clear();
    }
}
