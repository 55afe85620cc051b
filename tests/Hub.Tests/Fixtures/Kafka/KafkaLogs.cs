using Hub.Log.Kafka;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>How a log is opened on the servers of the tests.</summary>
internal static class KafkaLogs
{
    public static KafkaLogOptions OptionsOf(TransactionalBroker broker) => new() { Bootstrap = broker.Bootstrap };

    /// <summary>The same for one of several processes, which the broker's faults can tell apart by its name.</summary>
    public static KafkaLogOptions OptionsOf(TransactionalBroker broker, string client)
        => OptionsOf(broker) with { ClientSettings = new Dictionary<string, string> { ["client.id"] = client } };

    /// <summary>Makes topics the way that librdkafka's cluster can.</summary>
    public static KafkaLogOptions OptionsOf(LibrdkafkaCluster cluster) => new()
    {
        Bootstrap = cluster.Bootstrap,
        // A group that was left takes new members there only when a session, but for a second, is over.
        SessionTimeout = TimeSpan.FromMilliseconds(1_500),
        CreateTopicAsync = (_, topic, _) =>
        {
            cluster.CreateTopic(topic.Name, topic.NumPartitions);
            return Task.CompletedTask;
        },
    };
}
