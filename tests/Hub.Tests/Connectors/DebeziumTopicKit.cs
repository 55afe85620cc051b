using Confluent.Kafka;
using Hub.Connectors.Debezium;
using Hub.Core.DeadLetters;
using Hub.Core.Mapping;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;

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

/// <summary>A source of Debezium topics in its runner.</summary>
internal sealed class DebeziumRun : SourceRun
{
    private readonly string yaml;

    /// <param name="settings">The lines of the definition between <c>kind</c> and <c>tables</c>.</param>
    /// <param name="table">More lines of its table.</param>
    public DebeziumRun(string bootstrap, string settings, string table = "")
    {
        yaml = Path.Combine(Folder, "things.yaml");
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

    public DebeziumSourceOptions Options => DebeziumSourceOptions.From(SourceDefinitionReader.Load(yaml, Catalog));

    public Task StartAsync(CancellationToken cancellationToken, int maxBatchBytes = 1024 * 1024, Func<int, CancellationToken, ValueTask<string>>? schemas = null, Func<ISource, ISource>? wrap = null)
    {
        var source = new DebeziumSource(
            Options with { MaxBatchBytes = maxBatchBytes, Timeout = TimeSpan.FromSeconds(5), LookInterval = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, schemas);
        return StartAsync(SourceDefinitionReader.Load(yaml, Catalog), wrap is null ? source : wrap(source), cancellationToken);
    }

    /// <summary>The open dead letters, by id.</summary>
    public async Task<Dictionary<string, Dictionary<string, string?>>> LettersAsync(CancellationToken cancellationToken)
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], cancellationToken)).Live(DeadLetterBook.Topic, Things.Source)
            .ToDictionary(pair => pair.Key, pair => ExpectedRecord.Of(Catalog, pair.Value.Value));
}
