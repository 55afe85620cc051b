using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>What topics there are, and making and describing them.</summary>
internal sealed class TopicRequests(BrokerState state, BrokerAddress address)
{
    private const sbyte TopicResource = 2;
    private const sbyte SetOnTopic = 1;
    private const sbyte Default = 5;

    public void Metadata(BrokerRequest request)
    {
        var (body, answer) = (request.Body, request.Answer);
        var named = body.Int32();
        string[] topics = named < 0 ? [.. state.Topics.Select(topic => topic.Name)] : [.. Enumerable.Range(0, named).Select(_ => body.String())];
        request.NoThrottle();
        answer.Array([address], broker =>
        {
            answer.Int32(BrokerAddress.NodeId);
            answer.String(BrokerAddress.Host);
            answer.Int32(broker.Port);
            answer.String(null);
        });
        answer.String("hub-tests");
        answer.Int32(BrokerAddress.NodeId);
        answer.Array(topics, topic => Describe(request, topic));
    }

    public void Create(BrokerRequest request)
    {
        var body = request.Body;
        var topics = body.Array(() => (
            Name: body.String(), Partitions: body.Int32(), Replicas: body.Int16(),
            Assigned: body.Array(() => (body.Int32(), body.Array(body.Int32))),
            Settings: body.Array(() => KeyValuePair.Create(body.String(), body.String()))));
        body.Int32();
        var onlyValidate = body.Boolean();
        request.NoThrottle();
        request.Answer.Array(topics, topic =>
        {
            var made = new Topic(topic.Name, Math.Max(topic.Partitions == -1 ? 1 : topic.Partitions, 0), new Dictionary<string, string>(topic.Settings, StringComparer.Ordinal));
            request.Answer.String(topic.Name);
            request.Answer.Error(request.Try(() => Create(made, topic.Replicas, onlyValidate)));
            request.Answer.String(null);
        });
    }

    public void Delete(BrokerRequest request)
    {
        var topics = request.Body.Array(request.Body.String);
        request.NoThrottle();
        request.Answer.Array(topics, topic =>
        {
            request.Answer.String(topic);
            request.Answer.Error(request.Try(() => state.Delete(topic)));
        });
    }

    public void DescribeConfigs(BrokerRequest request)
    {
        var body = request.Body;
        var resources = body.Array(() => (Type: body.Int8(), Name: body.String(), Keys: body.Int32() is var keys && keys < 0 ? null : Enumerable.Range(0, keys).Select(_ => body.String()).ToArray()));
        request.NoThrottle();
        request.Answer.Array(resources, resource =>
        {
            var topic = resource.Type == TopicResource ? state.Find(resource.Name) : null;
            request.Answer.Error(request.Try(() => topic is not null ? ErrorCode.NoError : ErrorCode.UnknownTopicOrPart));
            request.Answer.String(null);
            request.Answer.Int8(resource.Type);
            request.Answer.String(resource.Name);
            string[] keys = topic is null ? [] : [.. topic.SettingNames.Where(key => resource.Keys?.Contains(key, StringComparer.Ordinal) ?? true)];
            request.Answer.Array(keys, key => Describe(request.Answer, topic!, key));
        });
    }

    private static void Describe(WireWriter answer, Topic topic, string key)
    {
        var (value, isDefault) = topic.Setting(key);
        answer.String(key);
        answer.String(value);
        answer.Boolean(false);
        answer.Int8(isDefault ? Default : SetOnTopic);
        answer.Boolean(false);
        answer.Int32(0);
    }

    private void Describe(BrokerRequest request, string name)
    {
        var answer = request.Answer;
        var topic = state.Find(name);
        answer.Error(request.Try(() => topic is not null ? ErrorCode.NoError : ErrorCode.UnknownTopicOrPart));
        answer.String(name);
        answer.Boolean(false);
        int[] self = [BrokerAddress.NodeId];
        int[] partitions = [.. Enumerable.Range(0, topic?.Partitions.Length ?? 0)];
        answer.Array(partitions, partition =>
        {
            answer.Error(ErrorCode.NoError);
            answer.Int32(partition);
            answer.Int32(BrokerAddress.NodeId);
            answer.Array(self, answer.Int32);
            answer.Array(self, answer.Int32);
        });
    }

    private ErrorCode Create(Topic topic, short replicas, bool onlyValidate) => topic switch
    {
        { Partitions.Length: 0 } => ErrorCode.InvalidPartitions,
        _ when replicas is not (1 or -1) => ErrorCode.InvalidReplicationFactor,
        _ when onlyValidate => state.Find(topic.Name) is null ? ErrorCode.NoError : ErrorCode.TopicAlreadyExists,
        _ => state.Create(topic),
    };
}
