using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>What the broker of the tests says of transactions, a real Kafka says too.</summary>
public sealed class RealKafkaTests(KafkaFixture kafka)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Committed_readers_see_no_aborted_record_and_the_end_after_the_control_records()
    {
        var bootstrap = await kafka.BootstrapAsync(Token);
        var place = new TopicPartition($"hub-test-{Guid.NewGuid():N}", 0);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = place.Topic, NumPartitions = 1, ReplicationFactor = 1 }]);
        using (var producer = KafkaClients.Producer(bootstrap, place.Topic))
            await Task.Run(() => WriteAsync(producer, place), Token);
        var (values, end) = await KafkaClients.ReadAsync(bootstrap, place);
        Assert.Equal(["1", "3"], values);
        Assert.Equal(6, end);
        Assert.Equal(["1", "2", "3"], (await KafkaClients.ReadAsync(bootstrap, place, IsolationLevel.ReadUncommitted)).Values);
        await admin.DeleteTopicsAsync([place.Topic]);
    }

    private static async Task WriteAsync(IProducer<string, string> producer, TopicPartition place)
    {
        producer.InitTransactions(KafkaClients.Patience);
        foreach (var value in (string[])["1", "2", "3"])
        {
            producer.BeginTransaction();
            await producer.ProduceAsync(place, KafkaClients.Record(value), Token);
            if (value == "2")
                producer.AbortTransaction(KafkaClients.Patience);
            else
                producer.CommitTransaction(KafkaClients.Patience);
        }
    }
}
