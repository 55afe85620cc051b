using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Everything that the broker can be asked.</summary>
internal sealed class ApiTable
{
    private readonly Dictionary<ApiKey, Api> apis;
    private readonly BrokerState state;

    public ApiTable(BrokerState state, BrokerAddress address)
    {
        this.state = state;
        var (topics, records, fetches, transactions, groups) = (
            new TopicRequests(state, address), new RecordRequests(state), new FetchRequests(state), new TransactionRequests(state), new GroupRequests(state, address));
        apis = new()
        {
            [ApiKey.Produce] = new(7, false, AtOnce(records.Produce)),
            [ApiKey.Fetch] = new(11, false, fetches.FetchAsync),
            [ApiKey.ListOffsets] = new(2, false, AtOnce(records.ListOffsets)),
            [ApiKey.Metadata] = new(4, false, AtOnce(topics.Metadata)),
            [ApiKey.OffsetCommit] = new(7, false, AtOnce(groups.CommitOffsets)),
            [ApiKey.OffsetFetch] = new(5, false, AtOnce(groups.FetchOffsets)),
            [ApiKey.FindCoordinator] = new(2, false, AtOnce(groups.FindCoordinator)),
            [ApiKey.JoinGroup] = new(5, false, groups.JoinAsync),
            [ApiKey.Heartbeat] = new(3, false, AtOnce(groups.Heartbeat)),
            [ApiKey.LeaveGroup] = new(1, false, AtOnce(groups.Leave)),
            [ApiKey.SyncGroup] = new(3, false, groups.SyncAsync),
            [ApiKey.SaslHandshake] = new(1, false, AtOnce(request => request.Login.Handshake(request))),
            [ApiKey.ApiVersions] = new(0, false, AtOnce(request => Versions(request.Answer, ErrorCode.NoError))),
            [ApiKey.CreateTopics] = new(4, false, AtOnce(topics.Create)),
            [ApiKey.DeleteTopics] = new(1, false, AtOnce(topics.Delete)),
            [ApiKey.InitProducerId] = new(4, true, AtOnce(transactions.Initialize)),
            [ApiKey.AddPartitionsToTxn] = new(0, false, AtOnce(transactions.AddPartitions)),
            [ApiKey.AddOffsetsToTxn] = new(0, false, AtOnce(transactions.AddOffsets)),
            [ApiKey.EndTxn] = new(1, false, AtOnce(transactions.End)),
            [ApiKey.TxnOffsetCommit] = new(3, true, AtOnce(transactions.CommitOffsets)),
            [ApiKey.DescribeConfigs] = new(1, false, AtOnce(topics.DescribeConfigs)),
            [ApiKey.SaslAuthenticate] = new(0, false, AtOnce(request => request.Login.Authenticate(request))),
        };
    }

    public Api? Find(ApiKey key, short version) => apis.TryGetValue(key, out var api) && api.Version == version ? api : null;

    /// <summary>What can be asked; with the error, the answer to a client that asked for this in a newer version.</summary>
    public void Versions(WireWriter answer, ErrorCode error)
    {
        answer.Error(error);
        answer.Array(apis, api =>
        {
            answer.Int16((short)api.Key);
            answer.Int16(0);
            answer.Int16(api.Value.Version);
        });
    }

    private Func<BrokerRequest, ValueTask> AtOnce(Action<BrokerRequest> answer) => request =>
    {
        lock (state.Gate)
            answer(request);
        return ValueTask.CompletedTask;
    };
}
