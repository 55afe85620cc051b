using Hub.Core.Log;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;

namespace Hub.Tests.Contracts;

/// <summary>On librdkafka's own cluster, which takes transactions but has no administration.</summary>
public sealed class LibrdkafkaLogContractTests : LogContract
{
    private readonly LibrdkafkaCluster cluster = new();

    protected override Task<ILog> OpenAsync() => Task.FromResult<ILog>(new KafkaLog(OptionsOf(cluster)));

    protected override ValueTask CleanUpAsync() => cluster.DisposeAsync();

    /// <summary>Makes topics the way that librdkafka's cluster can.</summary>
    internal static KafkaLogOptions OptionsOf(LibrdkafkaCluster cluster) => new()
    {
        Bootstrap = cluster.Bootstrap,
        CreateTopicAsync = (_, topic, _) =>
        {
            cluster.CreateTopic(topic.Name, topic.NumPartitions);
            return Task.CompletedTask;
        },
    };
}
