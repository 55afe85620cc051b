using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Log.Kafka;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Log;

/// <summary>A broker whose requests fail as the test says, and logs on it, each as a process of its own.</summary>
public abstract class KafkaLogParts : IAsyncLifetime
{
    private protected const string Source = "finance";
    private protected static readonly TopicPartition P0 = new("finance.payment", 0);
    private protected static readonly TopicPartition P1 = new("finance.payment", 1);
    private protected static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);
    private readonly List<KafkaLog> opened = [];

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected TransactionalBroker Broker { get; } = new();

    public virtual async ValueTask InitializeAsync()
    {
        await using var maker = new KafkaLog(KafkaLogs.OptionsOf(Broker));
        await maker.EnsureTopicAsync(P0.Topic, 2, Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        Broker.Rule = null;
        foreach (var log in opened)
            await log.DisposeAsync();
        await Broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <param name="client">The <c>client.id</c>, by which a rule of the broker tells the logs apart.</param>
    private protected KafkaLog Open(string client = "hub", Func<KafkaLogOptions, KafkaLogOptions>? change = null)
    {
        var options = KafkaLogs.OptionsOf(Broker) with { ClientSettings = new Dictionary<string, string> { ["client.id"] = client } };
        var log = new KafkaLog(change?.Invoke(options) ?? options);
        opened.Add(log);
        return log;
    }

    private protected static LogBatch TwoOf(string value) => Batch(new(P0, "a", value), new(P1, "b", value));

    private protected static async Task<string?> PositionAsync(ILog log) => (await log.ReadCheckpointAsync(Source, Token))?.Checkpoint.Position.Text;

    /// <summary>What a new reader that sees committed entries finds from the beginning, a key and its values after the other.</summary>
    private protected async Task<string> CommittedAsync()
    {
        await using var log = new KafkaLog(KafkaLogs.OptionsOf(Broker));
        var ends = await log.ReadEndsAsync([P0.Topic], Token);
        await using var reader = await log.OpenReaderAsync("looking", [P0.Topic], ends.Keys.ToDictionary(place => place, _ => 0L), Token);
        var entries = await ReadAllAsync(reader, ends, 1024 * 1024, Token);
        return string.Join(' ', entries.GroupBy(entry => entry.Key).OrderBy(key => key.Key).Select(key => $"{key.Key}:{string.Join(',', key.Select(entry => entry.Value))}"));
    }

    private protected Task RequestedAsync(ApiKey key, int more = 1)
    {
        var before = Broker.Requests(key);
        return Wait.UntilAsync($"{key} is asked for", () => Broker.Requests(key) >= before + more, () => $"{Broker.Requests(key) - before} requests", Token);
    }

    private protected static async Task<HubException> FailsAsync(string code, bool isTransient, Func<Task> work)
    {
        var failure = await Assert.ThrowsAsync<HubException>(() => work().WaitAsync(HangLimit, Token));
        Assert.Equal((code, isTransient), (failure.Findings[0].Code, failure.IsTransient));
        return failure;
    }
}
