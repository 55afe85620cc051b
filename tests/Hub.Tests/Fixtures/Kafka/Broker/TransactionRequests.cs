using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The requests of a transactional producer.</summary>
internal sealed class TransactionRequests(BrokerState state)
{
    public void Initialize(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        var (id, timeout, current) = (body.CompactNullableString(), TimeSpan.FromMilliseconds(body.Int32()), Producer(body));
        var producer = Broker.Producer.None;
        request.NoThrottle();
        answer.Error(request.Try(() => state.Transactions.Initialize(id, timeout, current, out producer)));
        answer.Int64(producer.Id);
        answer.Int16(producer.Epoch);
        answer.NoTags();
    }

    public void AddPartitions(BrokerRequest request)
    {
        var (id, producer) = (request.Body.String(), Producer(request.Body));
        request.NoThrottle();
        request.EachPartition(place => request.Answer.Error(request.Try(() =>
        {
            if (state.Find(place.Topic, place.Partition) is not { } partition)
                return ErrorCode.UnknownTopicOrPart;
            var error = state.Transactions.Find(id, producer, out var transaction);
            if (error == ErrorCode.NoError)
                transaction.Add(partition);
            return error;
        })));
    }

    public void AddOffsets(BrokerRequest request)
    {
        var (id, producer) = (request.Body.String(), Producer(request.Body));
        request.NoThrottle();
        request.Answer.Error(request.Try(() =>
        {
            var error = state.Transactions.Find(id, producer, out var transaction);
            if (error == ErrorCode.NoError)
                transaction.Open();
            return error;
        }));
    }

    public void CommitOffsets(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        var (id, group, producer, generation, member) = (body.CompactString(), body.CompactString(), Producer(body), body.Int32(), body.CompactString());
        body.CompactNullableString();
        var topics = body.CompactArray(() => ReadTopic(body));
        request.NoThrottle();
        answer.CompactArray(topics, topic =>
        {
            answer.CompactString(topic.Name);
            answer.CompactArray(topic.Offsets, offset =>
            {
                answer.Int32(offset.Partition);
                answer.Error(request.Try(() => Check(group, generation, member) is var refused && refused != ErrorCode.NoError ? refused
                    : state.Transactions.Find(id, producer, out var transaction) is var error && error != ErrorCode.NoError ? error
                    : transaction.Add(group, new(topic.Name, offset.Partition), offset.Committed)));
                answer.NoTags();
            });
            answer.NoTags();
        });
        answer.NoTags();
    }

    public void End(BrokerRequest request)
    {
        var (id, producer, commit) = (request.Body.String(), Producer(request.Body), request.Body.Boolean());
        request.NoThrottle();
        request.Answer.Error(request.Try(() =>
        {
            var error = state.Transactions.Find(id, producer, out var transaction);
            return error != ErrorCode.NoError ? error : transaction.End(commit);
        }));
    }

    // A producer that names no member vouches for itself.
    private ErrorCode Check(string group, int generation, string member)
        => generation < 0 && member.Length == 0 ? ErrorCode.NoError : state.Group(group).CheckCommit(member, generation);

    private static Producer Producer(WireReader body) => new(body.Int64(), body.Int16());

    private static (string Name, List<(int Partition, CommittedOffset Committed)> Offsets) ReadTopic(WireReader body)
    {
        var name = body.CompactString();
        var offsets = body.CompactArray(() =>
        {
            var (partition, offset) = (body.Int32(), body.Int64());
            body.Int32();
            var note = body.CompactNullableString();
            body.SkipTags();
            return (partition, new CommittedOffset(offset, note));
        });
        body.SkipTags();
        return (name, offsets);
    }
}
