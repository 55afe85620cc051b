using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Writing records, and finding offsets.</summary>
internal sealed class RecordRequests(BrokerState state)
{
    private const long Latest = -1;
    private const long Earliest = -2;

    public void Produce(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        body.NullableString();
        request.IsSilent = body.Int16() == 0;
        body.Int32();
        request.EachPartition(place =>
        {
            var batch = new RecordBatch(body.Bytes());
            var offset = -1L;
            answer.Error(request.Try(() => Append(place, batch, out offset)));
            answer.Int64(offset);
            answer.Int64(-1);
            answer.Int64(0);
        });
        request.NoThrottle();
        state.SignalGrowth();
    }

    public void ListOffsets(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        body.Int32();
        var isolation = (IsolationLevel)body.Int8();
        request.NoThrottle();
        request.EachPartition(place =>
        {
            var wanted = body.Int64();
            var partition = state.Find(place.Topic, place.Partition);
            var error = request.Try(() => partition is not null ? ErrorCode.NoError : ErrorCode.UnknownTopicOrPart);
            var (time, offset) = error != ErrorCode.NoError ? (-1, -1) : Find(partition!, wanted, isolation);
            answer.Error(error);
            answer.Int64(time);
            answer.Int64(offset);
        });
    }

    private static (long Time, long Offset) Find(PartitionLog partition, long wanted, IsolationLevel isolation) => wanted switch
    {
        Latest => (-1, partition.End(isolation)),
        Earliest => (-1, 0),
        _ => partition.FirstAfter(wanted) is { } batch ? (batch.MaxTimestamp, batch.BaseOffset) : (-1, -1),
    };

    private ErrorCode Append(TopicPartition place, RecordBatch batch, out long offset)
    {
        offset = -1;
        if (state.Find(place.Topic, place.Partition) is not { } partition)
            return ErrorCode.UnknownTopicOrPart;
        if (!batch.IsWhole || batch.IsControl || !batch.IsIntact())
            return ErrorCode.InvalidMsg;
        if (batch.Bytes.Length > state.Find(place.Topic)!.MaxBatchBytes)
            return ErrorCode.MsgSizeTooLarge;
        var error = state.Transactions.Check(batch, partition);
        return error != ErrorCode.NoError ? error : partition.Append(batch, out offset);
    }
}
