using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The requests of the members of consumer groups.</summary>
internal sealed class GroupRequests(BrokerState state, BrokerAddress address)
{
    public void FindCoordinator(BrokerRequest request)
    {
        var answer = request.Answer;
        request.NoThrottle();
        answer.Error(request.Try(() => ErrorCode.NoError));
        answer.String(null);
        answer.Int32(BrokerAddress.NodeId);
        answer.String(BrokerAddress.Host);
        answer.Int32(address.Port);
    }

    public async ValueTask JoinAsync(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        var (group, session, rebalance, member) = (body.String(), Milliseconds(body), Milliseconds(body), body.String());
        body.NullableString();
        body.String();
        var protocols = body.Array(() => (body.String(), (ReadOnlyMemory<byte>)body.Bytes()));
        var forced = request.Try(() => ErrorCode.NoError);
        Task<JoinAnswer> joining;
        lock (state.Gate)
            joining = forced == ErrorCode.NoError ? state.Group(group).JoinAsync(member, session, rebalance, protocols) : Task.FromResult(new JoinAnswer(forced));

        var joined = await joining.WaitAsync(request.CancellationToken);
        request.NoThrottle();
        answer.Error(joined.Error);
        answer.Int32(joined.Generation);
        answer.String(joined.Protocol);
        answer.String(joined.Leader);
        answer.String(joined.Member);
        answer.Array(joined.Members, other =>
        {
            answer.String(other.Id);
            answer.String(null);
            answer.Bytes(other.Metadata.Span);
        });
    }

    public async ValueTask SyncAsync(BrokerRequest request)
    {
        var body = request.Body;
        var (group, generation, member) = (body.String(), body.Int32(), body.String());
        body.NullableString();
        var assignments = body.Array(() => KeyValuePair.Create(body.String(), (ReadOnlyMemory<byte>)body.Bytes()));
        var forced = request.Try(() => ErrorCode.NoError);
        Task<SyncAnswer> syncing;
        lock (state.Gate)
            syncing = forced == ErrorCode.NoError
                ? state.Group(group).SyncAsync(member, generation, new(assignments, StringComparer.Ordinal)) : Task.FromResult(new SyncAnswer(forced));

        var synced = await syncing.WaitAsync(request.CancellationToken);
        request.NoThrottle();
        request.Answer.Error(synced.Error);
        request.Answer.Bytes(synced.Assignment.Span);
    }

    public void Heartbeat(BrokerRequest request)
    {
        var (group, generation, member) = (request.Body.String(), request.Body.Int32(), request.Body.String());
        request.NoThrottle();
        request.Answer.Error(request.Try(() => state.Group(group).Heartbeat(member, generation)));
    }

    public void Leave(BrokerRequest request)
    {
        var (group, member) = (request.Body.String(), request.Body.String());
        request.NoThrottle();
        request.Answer.Error(request.Try(() => state.Group(group).Leave(member)));
    }

    public void CommitOffsets(BrokerRequest request)
    {
        var body = request.Body;
        var (group, generation, member) = (state.Group(body.String()), body.Int32(), body.String());
        body.NullableString();
        request.NoThrottle();
        request.EachPartition(place =>
        {
            var offset = body.Int64();
            body.Int32();
            var committed = new CommittedOffset(offset, body.NullableString());
            var error = request.Try(() => group.CheckCommit(member, generation));
            if (error == ErrorCode.NoError)
                group.Offsets[place] = committed;
            request.Answer.Error(error);
        });
    }

    public void FetchOffsets(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        var group = state.Group(body.String());
        var named = body.Int32();
        var topics = named < 0
            ? group.Offsets.Keys.GroupBy(place => place.Topic, place => place.Partition.Value, StringComparer.Ordinal).Select(topic => (Name: topic.Key, Partitions: topic.ToList())).ToList()
            : [.. Enumerable.Range(0, named).Select(_ => (body.String(), body.Array(body.Int32)))];
        var error = request.Try(() => ErrorCode.NoError);
        request.NoThrottle();
        answer.Array(topics, topic =>
        {
            answer.String(topic.Name);
            answer.Array(topic.Partitions, partition =>
            {
                var committed = group.Offsets.GetValueOrDefault(new(topic.Name, partition), new(-1, ""));
                answer.Int32(partition);
                answer.Int64(committed.Offset);
                answer.Int32(-1);
                answer.String(committed.Note);
                answer.Error(error);
            });
        });
        answer.Error(error);
    }

    private static TimeSpan Milliseconds(WireReader body) => TimeSpan.FromMilliseconds(body.Int32());
}
