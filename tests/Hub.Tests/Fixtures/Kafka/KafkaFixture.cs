using Hub.Tests.Fixtures.Kafka;
using Testcontainers.Kafka;
using Xunit;

[assembly: AssemblyFixture(typeof(KafkaFixture))]

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>
/// A real Kafka for the whole run: the one of HUB_TEST_KAFKA (addresses as in <c>bootstrap.servers</c>), else a throw-away container if Docker
/// answers. Topics, groups and transactional ids outlive a test there, so each test takes names of its own.
/// </summary>
public sealed class KafkaFixture : IAsyncDisposable
{
    private const string Image = "apache/kafka:4.0.0";
    private readonly SemaphoreSlim starting = new(1);
    private KafkaContainer? container;
    private string? bootstrap;
    private string? missing;

    /// <summary>The servers' addresses; the test is skipped when there are none.</summary>
    public async Task<string> BootstrapAsync(CancellationToken cancellationToken)
    {
        await starting.WaitAsync(cancellationToken);
        try
        {
            if (bootstrap is null && missing is null)
                await StartAsync(cancellationToken);
        }
        finally
        {
            starting.Release();
        }

        if (missing is not null)
            Assert.Skip(missing);
        return bootstrap!;
    }

    public async ValueTask DisposeAsync()
    {
        if (container is not null)
            await container.DisposeAsync();
        starting.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("HUB_TEST_KAFKA") is { Length: > 0 } given)
        {
            bootstrap = given;
            return;
        }

        if (!await DockerEngine.AnswersAsync(cancellationToken))
        {
            missing = "There is no real Kafka here: set HUB_TEST_KAFKA to the addresses of one (bootstrap.servers), or start Docker.";
            return;
        }

        container = new KafkaBuilder(Image).Build();
        await container.StartAsync(cancellationToken);
        bootstrap = container.GetBootstrapAddress();
    }
}
