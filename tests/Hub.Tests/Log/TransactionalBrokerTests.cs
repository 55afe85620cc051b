using Confluent.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>What the tests of the Kafka log rely on in the broker whose transactions are real, seen through Confluent's client.</summary>
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
        using (var producer = KafkaClients.Producer(broker.Bootstrap))
            foreach (var value in (string[])["1", "2"])
                await producer.ProduceAsync(P1, Record(value), Token);
        var (values, end) = await KafkaClients.ReadAsync(broker.Bootstrap, P1);
        Assert.Equal(["1", "2"], values);
        Assert.Equal(2, end);
        Assert.Equal(2, await KafkaClients.PartitionsAsync(broker.Bootstrap, P1.Topic));
    }

    private static Message<string, string> Record(string value) => new() { Key = "key", Value = value };
}
