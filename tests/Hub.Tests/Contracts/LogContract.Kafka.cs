using Hub.Core.Log;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;

namespace Hub.Tests.Contracts;

/// <summary>On librdkafka's own cluster, which takes transactions but has no administration.</summary>
public sealed class LibrdkafkaLogContractTests : LogContract
{
    private readonly LibrdkafkaCluster cluster = new();

    protected override Task<ILog> OpenAsync() => Task.FromResult<ILog>(new KafkaLog(KafkaLogs.OptionsOf(cluster)));

    protected override ValueTask CleanUpAsync() => cluster.DisposeAsync();
}

/// <summary>On a broker of the tests, whose transactions hide what is open or was undone.</summary>
public sealed class TransactionalLogContractTests : LogContract
{
    private readonly TransactionalBroker broker = new();

    protected override Task<ILog> OpenAsync() => Task.FromResult<ILog>(new KafkaLog(KafkaLogs.OptionsOf(broker)));

    protected override ValueTask CleanUpAsync() => broker.DisposeAsync();
}

/// <summary>On a real Kafka, when there is one.</summary>
public sealed class RealKafkaLogContractTests(KafkaFixture kafka) : LogContract
{
    private readonly string prefix = $"test-{Guid.NewGuid():N}.";

    protected override async Task<ILog> OpenAsync() => new KafkaLog(new() { Bootstrap = await kafka.BootstrapAsync(Token), Prefix = prefix });
}
