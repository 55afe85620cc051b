using Confluent.Kafka;
using Hub.Connectors.Debezium;
using Hub.Core.DeadLetters;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hub.Tests.Connectors;

/// <summary>Writes the records of a connector into the topics of a broker, as Kafka Connect does.</summary>
internal sealed class DebeziumTopicKit(string bootstrap) : IDisposable
{
    private readonly IProducer<byte[], byte[]> producer = Build(new() { BootstrapServers = bootstrap, EnableIdempotence = true, LingerMs = 0 });

    public static IProducer<byte[], byte[]> Build(ProducerConfig config)
        => new ProducerBuilder<byte[], byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    public async Task WriteAsync(string topic, int partition, params Message<byte[], byte[]>[] records)
        => await Task.WhenAll(records.Select(record => producer.ProduceAsync(new TopicPartition(topic, partition), record)));

    public void Dispose() => producer.Dispose();

    /// <summary>Heartbeats of the connector: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-heartbeat-interval-ms.</summary>
    public static Message<byte[], byte[]> Heartbeat(DateTimeOffset moment) => new()
    {
        Key = System.Text.Encoding.UTF8.GetBytes("""{ "serverName": "fin" }"""),
        Value = System.Text.Encoding.UTF8.GetBytes($$"""{ "ts_ms": {{moment.ToUnixTimeMilliseconds()}} }"""),
    };
}

/// <summary>A source of Debezium topics in its runner, over a log that outlives it.</summary>
internal sealed class DebeziumRun : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-debezium-");
    private readonly string yaml;
    private CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;
    private SourceRunner? runner;

    /// <param name="settings">The lines of the definition between <c>kind</c> and <c>tables</c>, and more of the table behind <c>|</c>.</param>
    public DebeziumRun(string bootstrap, string settings, string table = "")
    {
        Catalog = Things.LoadCatalog(folder.FullName);
        yaml = Path.Combine(folder.FullName, "things.yaml");
        File.WriteAllText(yaml, $"""
            source: things
            kind: debezium
            bootstrap: {bootstrap}
            topicPrefix: fin
            {settings}
            tables:
              - table: public.thing
                subject: {Things.Subject}
                key: [id]
                {table}
                fields:
                  id: id
                  name: name
            """);
    }

    public SchemaCatalog Catalog { get; }

    public SqliteLog Log { get; private set; } = null!;

    public SourceStatus Status => runner!.Status;

    public DebeziumSourceOptions Options => DebeziumSourceOptions.From(SourceDefinitionReader.Load(yaml, Catalog));

    public async Task StartAsync(CancellationToken cancellationToken, int maxBatchBytes = 1024 * 1024, Func<int, CancellationToken, ValueTask<string>>? schemas = null, Func<ISource, ISource>? wrap = null)
    {
        Log = new(new() { Path = Path.Combine(folder.FullName, "log", "log.db") });
        var letters = new DeadLetterBook(Catalog, TimeProvider.System);
        await letters.LoadAsync(Log, cancellationToken);
        var freshness = new Freshness();
        var source = new DebeziumSource(
            Options with { MaxBatchBytes = maxBatchBytes, Timeout = TimeSpan.FromSeconds(5), LookInterval = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, schemas);
        runner = new(
            wrap is null ? source : wrap(source), new(SourceDefinitionReader.Load(yaml, Catalog), Catalog, Log, letters, freshness), Log, letters, freshness,
            new() { RestartDelay = TimeSpan.FromMilliseconds(50), MaxRestartDelay = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLogger<SourceRunner>.Instance);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running = runner.RunAsync(stop.Token);
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
        }

        stop.Dispose();
        stop = new();
        running = Task.CompletedTask;
        await Log.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Log is not null)
            await StopAsync();
        stop.Dispose();
        folder.Delete(recursive: true);
    }

    public Task WaitForAsync(SourceState state, CancellationToken cancellationToken)
        => Wait.UntilAsync($"the source is {state}", () => Status.State == state, () => Status.ToString(), cancellationToken);

    /// <summary>The names of the things that live, by id, and how many entries the log has of them.</summary>
    public async Task<(SortedDictionary<string, string> Things, int Entries)> ReadAsync(CancellationToken cancellationToken)
    {
        var state = await LogState.ReadAsync(Log, [Things.Subject], cancellationToken);
        var things = state.Live(Things.Subject, "things").ToDictionary(pair => pair.Key["things:".Length..], pair => ExpectedRecord.Of(Catalog, pair.Value.Value)["name"] ?? "(null)");
        return (new(things, StringComparer.Ordinal), state.Entries);
    }

    public async Task WaitForThingsAsync(IReadOnlyDictionary<string, string> expected, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, string>();
        await Wait.UntilAsync("the log holds what the topic says", async () =>
        {
            (found, _) = await ReadAsync(cancellationToken);
            return found.Count == expected.Count && expected.All(pair => found.GetValueOrDefault(pair.Key) == pair.Value);
        }, () => string.Join(", ", found.Take(20)) + "; " + Status, cancellationToken);
    }

    /// <summary>The open dead letters, by id.</summary>
    public async Task<Dictionary<string, Dictionary<string, string?>>> LettersAsync(CancellationToken cancellationToken)
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], cancellationToken)).Live(DeadLetterBook.Topic, "things")
            .ToDictionary(pair => pair.Key, pair => ExpectedRecord.Of(Catalog, pair.Value.Value));
}
