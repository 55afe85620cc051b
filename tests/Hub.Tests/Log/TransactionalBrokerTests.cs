using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>What the tests of the Kafka log rely on in the broker of the tests, seen through Confluent's client: records, topics, faults.</summary>
public sealed class TransactionalBrokerTests : IAsyncLifetime
{
    private static readonly TopicPartition P0 = new("finance.payment", 0);
    private static readonly TopicPartition P1 = new("finance.payment", 1);
    private readonly TransactionalBroker broker = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        broker.CreateTopic(P0.Topic, 2);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => broker.DisposeAsync();

    [Fact]
    public async Task What_is_produced_is_read_from_the_partition_it_was_sent_to()
    {
        await ProduceAsync(P1, ["1", "2"]);
        var (values, end) = await ReadAsync(P1);
        Assert.Equal(["1", "2"], values);
        Assert.Equal(2, end);
        Assert.Empty((await ReadAsync(P0)).Values);
    }

    [Theory]
    [InlineData(CompressionType.Zstd)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.None)]
    public async Task Compressed_and_large_records_come_back_whole(CompressionType compression)
    {
        string[] values = [new('值', 300_000), "small", new string('x', 900_000)];
        await ProduceAsync(P0, values, config => (config.CompressionType, config.LingerMs) = (compression, 20));
        Assert.Equal(values, (await ReadAsync(P0)).Values);
        Assert.Equal(new(3, 3, 3, 3), broker.Count(P0.Topic, P0.Partition));
    }

    [Fact]
    public async Task A_record_that_is_too_large_for_its_topic_is_refused()
    {
        broker.CreateTopic("small", 1, new Dictionary<string, string> { ["max.message.bytes"] = "1000" });
        var failure = await Assert.ThrowsAsync<ProduceException<string, string>>(() => ProduceAsync(new("small", 0), [new('x', 2000)]));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, failure.Error.Code);
    }

    [Fact]
    public async Task A_topic_is_created_described_and_deleted()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        var wanted = new TopicSpecification { Name = "new", NumPartitions = 3, ReplicationFactor = 1, Configs = new() { ["cleanup.policy"] = "compact" } };
        await admin.CreateTopicsAsync([wanted]);
        Assert.Equal(3, await KafkaClients.PartitionsAsync(broker.Bootstrap, "new"));
        var again = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync([wanted]));
        Assert.Equal(ErrorCode.TopicAlreadyExists, again.Results.Single().Error.Code);

        var settings = (await admin.DescribeConfigsAsync([new() { Type = ResourceType.Topic, Name = "new" }])).Single().Entries;
        Assert.Equal(("compact", false), (settings["cleanup.policy"].Value, settings["cleanup.policy"].IsDefault));
        Assert.Equal(("604800000", true), (settings["retention.ms"].Value, settings["retention.ms"].IsDefault));

        await admin.DeleteTopicsAsync(["new"]);
        await Assert.ThrowsAsync<DescribeConfigsException>(() => admin.DescribeConfigsAsync([new() { Type = ResourceType.Topic, Name = "new" }]));
    }

    [Fact]
    public async Task More_copies_than_there_are_brokers_are_refused()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        var failure = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync([new() { Name = "new", ReplicationFactor = 3 }]));
        Assert.Equal(ErrorCode.InvalidReplicationFactor, failure.Results.Single().Error.Code);
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_is_stored_once()
    {
        broker.Next(ApiKey.Produce, new BrokerFault.CloseAfter());
        broker.Next(ApiKey.Produce, new BrokerFault.CloseBefore());
        await ProduceAsync(P0, ["1"]);
        Assert.Equal(["1"], (await ReadAsync(P0)).Values);
        Assert.Equal(3, broker.Requests(ApiKey.Produce));
    }

    [Fact]
    public async Task A_request_fails_as_it_is_told()
    {
        broker.Fail(ApiKey.Produce, ErrorCode.NotLeaderForPartition, ErrorCode.TopicAuthorizationFailed);
        var failure = await Assert.ThrowsAsync<ProduceException<string, string>>(() => ProduceAsync(P0, ["1"]));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, failure.Error.Code);
        Assert.Equal(0, broker.Count(P0.Topic, P0.Partition).All);
    }

    [Fact]
    public async Task A_request_is_held_until_it_is_released()
    {
        var released = new TaskCompletionSource();
        broker.Rule = call => call is { Key: ApiKey.Produce, Number: 1 } ? new BrokerFault.HoldAfter(released.Task) : null;
        using var producer = KafkaClients.Producer(broker.Bootstrap);
        var produced = producer.ProduceAsync(P0, KafkaClients.Record("1"), Token);
        await Wait.UntilAsync("The record is stored", () => broker.Count(P0.Topic, P0.Partition).All == 1, () => "none", Token);
        Assert.False(produced.IsCompleted);
        released.SetResult();
        Assert.Equal(0, (await produced).Offset.Value);
    }

    [Fact]
    public async Task Clients_go_on_after_the_broker_was_down()
    {
        using var consumer = KafkaClients.Consumer(broker.Bootstrap, "index").Build();
        consumer.Assign(new TopicPartitionOffset(P0, 0));
        using var producer = KafkaClients.Producer(broker.Bootstrap);
        await producer.ProduceAsync(P0, KafkaClients.Record("1"), Token);
        Assert.Equal("1", await KafkaClients.NextAsync(consumer));
        await broker.DownAsync();
        var produced = producer.ProduceAsync(P0, KafkaClients.Record("2"), Token);
        broker.Up();
        Assert.Equal(1, (await produced).Offset.Value);
        Assert.Equal("2", await KafkaClients.NextAsync(consumer));
    }

    [Fact]
    public async Task An_unknown_topic_is_reported()
    {
        var failure = await Assert.ThrowsAsync<ProduceException<string, string>>(() => ProduceAsync(new("unknown", 0), ["1"], config => config.MessageTimeoutMs = 2000));
        Assert.Contains(failure.Error.Code, (ErrorCode[])[ErrorCode.Local_UnknownTopic, ErrorCode.UnknownTopicOrPart, ErrorCode.Local_MsgTimedOut]);
    }

    private Task<(List<string> Values, long End)> ReadAsync(TopicPartition partition) => KafkaClients.ReadAsync(broker.Bootstrap, partition);

    private async Task ProduceAsync(TopicPartition partition, string[] values, Action<ProducerConfig>? change = null)
    {
        using var producer = KafkaClients.Producer(broker.Bootstrap, change: change);
        await Task.WhenAll(values.Select(value => producer.ProduceAsync(partition, KafkaClients.Record(value), Token)));
    }
}
