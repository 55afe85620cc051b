using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>Bare clients for what the servers of the tests must do.</summary>
internal static class KafkaClients
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static IProducer<string, string> Producer(string bootstrap, string? transactionalId = null, Action<ProducerConfig>? change = null)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrap, TransactionalId = transactionalId, EnableIdempotence = true, LingerMs = 0, LogConnectionClose = false };
        change?.Invoke(config);
        return new ProducerBuilder<string, string>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    public static ConsumerBuilder<string, string> Consumer(string bootstrap, string group, Action<ConsumerConfig>? change = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap, GroupId = group, AutoOffsetReset = AutoOffsetReset.Earliest, EnableAutoCommit = false, EnablePartitionEof = true,
            FetchWaitMaxMs = 10, SessionTimeoutMs = 6000, HeartbeatIntervalMs = 100,
        };
        change?.Invoke(config);
        return new ConsumerBuilder<string, string>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { });
    }

    public static Message<string, string> Record(string value) => new() { Key = "key", Value = value };

    /// <summary>The value of the next record.</summary>
    public static Task<string> NextAsync(IConsumer<string, string> consumer) => Task.Run(() =>
    {
        while (true)
        {
            var result = consumer.Consume(Patience) ?? throw new TimeoutException($"No record after {Patience.TotalSeconds:F0} seconds");
            if (!result.IsPartitionEOF)
                return result.Message.Value;
        }
    });

    public static Task<int> PartitionsAsync(string bootstrap, string topic) => Task.Run(() =>
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        return admin.GetMetadata(topic, Patience).Topics.Single().Partitions.Count;
    });

    /// <summary>The values of one partition up to its end, and where that end is.</summary>
    public static Task<(List<string> Values, long End)> ReadAsync(string bootstrap, TopicPartition partition, IsolationLevel isolation = IsolationLevel.ReadCommitted) => Task.Run(() =>
    {
        using var consumer = Consumer(bootstrap, "reader", config => config.IsolationLevel = isolation).Build();
        // Not Offset.Beginning: the client waits half a second before it asks where that is.
        consumer.Assign(new TopicPartitionOffset(partition, 0));
        var values = new List<string>();
        while (true)
        {
            var result = consumer.Consume(Patience) ?? throw new TimeoutException($"{partition}: no record and no end after {Patience.TotalSeconds:F0} seconds; there are {values.Count}");
            if (result.IsPartitionEOF)
                return (values, result.Offset.Value);
            values.Add(result.Message.Value);
        }
    });
}
