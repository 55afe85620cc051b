using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Log.Kafka;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Tests.Log;

/// <summary>A log on three brokers, whose partitions and coordinators move.</summary>
public sealed class KafkaLogLeaderTests : IAsyncLifetime
{
    private static readonly TopicPartition P0 = new("finance.payment", 0);
    private readonly LibrdkafkaCluster cluster = new(brokers: 3);
    private KafkaLog log = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        log = new(KafkaLogs.OptionsOf(cluster));
        await log.EnsureTopicAsync(P0.Topic, 1, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task Writing_and_reading_go_on_while_the_leader_and_the_coordinators_move()
    {
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var read = new List<string?>();
        for (var number = 0; number < 9; number++)
        {
            var broker = number % 3 + 1;
            cluster.SetLeader(P0.Topic, P0.Partition, broker);
            cluster.SetTransactionCoordinator("hub-finance", broker);
            cluster.SetGroupCoordinator("index", broker);
            await log.AppendAsync(Batch(new LogContractEntry(P0, "a", $"{number}")), new("finance", new($"{number}")), Token);
            var ends = await log.ReadEndsAsync([P0.Topic], Token);
            read.AddRange((await LogContractEntry.ReadAllAsync(reader, ends, 1000, Token)).Select(entry => entry.Value));
            await reader.CommitAsync(reader.NextOffsets, Token);
        }

        Assert.Equal(Enumerable.Range(0, 9).Select(number => $"{number}"), read);
        Assert.Equal("8", (await log.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
        Assert.All(await log.ReadLagAsync("index", Token), lag => Assert.Equal(0, lag.Lag));
    }

    [Fact]
    public async Task A_broker_that_is_lost_while_another_takes_its_partitions_costs_nothing()
    {
        // What else the append needs stays on brokers that are there: nobody moves it on this cluster.
        cluster.SetTransactionCoordinator("hub-finance", 2);
        for (var partition = 0; partition < 16; partition++)
            cluster.SetLeader(KafkaTopics.Checkpoints, partition, 3);
        cluster.SetLeader(P0.Topic, P0.Partition, 1);
        await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1")), Token);
        cluster.SetLeader(P0.Topic, P0.Partition, 2);
        cluster.BrokerDown(1);
        cluster.Fail(ApiKey.Produce, ErrorCode.NotLeaderForPartition, ErrorCode.Local_Transport, ErrorCode.NotEnoughReplicasAfterAppend);
        await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), new("finance", new("2")), Token);
        cluster.BrokerUp(1);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var values = (await LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1000, Token)).Select(entry => entry.Value);
        Assert.Equal(["1", "2"], values);
    }
}
