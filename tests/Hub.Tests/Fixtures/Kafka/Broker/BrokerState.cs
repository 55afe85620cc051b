using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>All that the broker keeps while it is down. Everything here is read and changed under <see cref="Gate"/> alone.</summary>
internal sealed class BrokerState
{
    private readonly Dictionary<string, Topic> topics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConsumerGroup> groups = new(StringComparer.Ordinal);
    private TaskCompletionSource grown = NewSignal();

    public BrokerState(TimeProvider time)
    {
        Time = time;
        Transactions = new(this);
    }

    public Lock Gate { get; } = new();

    public TimeProvider Time { get; }

    public TransactionTable Transactions { get; }

    public IReadOnlyCollection<Topic> Topics => topics.Values;

    public IReadOnlyCollection<ConsumerGroup> Groups => groups.Values;

    /// <summary>Ends when a partition grows or its last stable offset moves.</summary>
    public Task Grown => grown.Task;

    public void SignalGrowth()
    {
        grown.TrySetResult();
        grown = NewSignal();
    }

    public Topic? Find(string topic) => topics.GetValueOrDefault(topic);

    public PartitionLog? Find(string topic, int partition)
        => Find(topic) is { } found && partition >= 0 && partition < found.Partitions.Length ? found.Partitions[partition] : null;

    public ErrorCode Create(Topic topic) => topics.TryAdd(topic.Name, topic) ? ErrorCode.NoError : ErrorCode.TopicAlreadyExists;

    public ErrorCode Delete(string topic) => topics.Remove(topic) ? ErrorCode.NoError : ErrorCode.UnknownTopicOrPart;

    public ConsumerGroup Group(string id)
    {
        if (!groups.TryGetValue(id, out var group))
            groups.Add(id, group = new(this));
        return group;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
