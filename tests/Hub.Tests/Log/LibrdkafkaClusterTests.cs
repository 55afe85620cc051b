using Confluent.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>What the tests of the Kafka log rely on in librdkafka's own cluster.</summary>
public sealed class LibrdkafkaClusterTests : IAsyncLifetime
{
    private static readonly TopicPartition P1 = new("finance.payment", 1);
    private readonly LibrdkafkaCluster cluster = new(brokers: 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        cluster.CreateTopic(P1.Topic, 3);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task What_is_produced_is_read_from_the_partition_it_was_sent_to()
    {
        await ProduceAsync("1", "2");
        var (values, end) = await KafkaClients.ReadAsync(cluster.Bootstrap, P1);
        Assert.Equal(["1", "2"], values);
        Assert.Equal(2, end);
        Assert.Equal(3, await KafkaClients.PartitionsAsync(cluster.Bootstrap, P1.Topic));
    }

    [Fact]
    public async Task A_request_fails_as_it_is_told()
    {
        cluster.Fail(ApiKey.Produce, ErrorCode.TopicAuthorizationFailed);
        var failure = await Assert.ThrowsAsync<ProduceException<string, string>>(() => ProduceAsync("1"));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, failure.Error.Code);
        await ProduceAsync("2");
        Assert.Equal(["2"], (await KafkaClients.ReadAsync(cluster.Bootstrap, P1)).Values);
    }

    [Fact]
    public async Task A_partition_moves_to_another_broker_and_a_broker_goes_and_comes_back()
    {
        cluster.SetLeader(P1.Topic, P1.Partition, 1);
        await ProduceAsync("1");
        cluster.SetLeader(P1.Topic, P1.Partition, 2);
        cluster.BrokerDown(1);
        await ProduceAsync("2");
        cluster.BrokerUp(1);
        Assert.Equal(["1", "2"], (await KafkaClients.ReadAsync(cluster.Bootstrap, P1)).Values);
    }

    private async Task ProduceAsync(params string[] values)
    {
        using var producer = KafkaClients.Producer(cluster.Bootstrap);
        foreach (var value in values)
            await producer.ProduceAsync(P1, new() { Key = "key", Value = value }, Token);
    }
}
