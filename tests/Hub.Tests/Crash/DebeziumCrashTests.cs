using Confluent.Kafka;
using Hub.Connectors.Debezium;
using Hub.Log.Kafka;
using Hub.Tests.Connectors;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Crash;

/// <summary>
/// Kills a Hub that reads a connector's topic and writes to Kafka, again and again, while the connector goes on. A life ends while Hub
/// fetches, or at a step of the transaction that holds the entries and the next offsets.
/// </summary>
public sealed class DebeziumCrashTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Topic = "fin.public.thing";
    private const string Heartbeats = "__debezium-heartbeat.fin";
    private const string Writer = "victim";
    private const string Reader = "hub-things";
    private const int Partitions = 3;
    private const int Keys = 150;
    private const int Rounds = 3;
    private const int MaxSkip = 4;
    private const int Backlog = 1_500;
    private const int PerLife = 60;
    private const int BatchBytes = 64 * 1024;

    private static readonly (string Client, ApiKey Key, bool IsDone)[] Steps =
    [
        (Reader, ApiKey.Fetch, true), (Writer, ApiKey.InitProducerId, true), (Writer, ApiKey.AddPartitionsToTxn, true), (Writer, ApiKey.Produce, false), (Writer, ApiKey.Produce, true),
        (Writer, ApiKey.EndTxn, false), (Writer, ApiKey.EndTxn, true),
    ];

    // Wide enough for a batch to hold some tens of rows.
    private static readonly string Filling = new('字', 400);

    private readonly ScratchFolder folder = new();
    private readonly TransactionalBroker broker = new();
    private readonly DebeziumUpstream upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
    private readonly SortedDictionary<string, string> rows = new(StringComparer.Ordinal);
    private readonly List<ChildHub> started = [];
    private long lsn = 24_023_128;
    private int changes;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        foreach (var hub in started)
            hub.Dispose();
        broker.Rule = null;
        await broker.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Killed_at_every_step_it_takes_every_record_of_the_topic_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        broker.CreateTopic(Topic, Partitions);
        broker.CreateTopic(Heartbeats, 1);
        Things.LoadCatalog(folder.Path);
        folder.Write("connectors/things.yaml", $"""
            source: things
            kind: debezium
            bootstrap: {broker.Bootstrap}
            topicPrefix: fin
            format: json-schemaless
            heartbeatTopic: {Heartbeats}
            kafka.fetch.message.max.bytes: "65536"
            tables:
              - table: public.thing
                subject: {Things.Subject}
                key: [id]
                fields: {"{ id: id, name: name }"}
            """);
        using var topics = new DebeziumTopicKit(broker.Bootstrap);
        await WriteAsync(topics, Backlog, random);
        for (var kill = 0; kill < Rounds * Steps.Length; kill++)
            await LiveAndDieAsync(topics, kill, random);
        await CompareAsync(topics);
    }

    private async Task LiveAndDieAsync(DebeziumTopicKit topics, int kill, Random random)
    {
        var (client, key, isDone) = Steps[kill % Steps.Length];
        var point = new KillPoint(client, key, isDone, key == ApiKey.InitProducerId ? 0 : random.Next(MaxSkip));
        var before = await ReadAsync();
        broker.Rule = point.Hold;
        var hub = ChildHub.Start(
            folder.At("data"), folder.At("connectors"), BatchBytes, $"schemas={folder.At("schemas")}", "log=kafka", $"kafka.bootstrap={broker.Bootstrap}", $"kafka.client.id={Writer}");
        started.Add(hub);
        await WriteAsync(topics, PerLife, random);
        await hub.WaitForAsync(point.Reached, Cancel);
        await hub.KillAsync(Cancel);
        broker.Rule = null;
        // Else every life would begin with waiting for the session of the one before.
        broker.ExpireSessions();
        point.Bury();
        var after = await ReadAsync();
        output.WriteLine($"{kill + 1} {point}: {before} to {after}");
        Assert.True(after >= before, $"{before} went back to {after}");
    }

    /// <summary>Changes of a connector: rows made, changed and deleted, each with an address of its own.</summary>
    private async Task WriteAsync(DebeziumTopicKit topics, int count, Random random)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = new List<Message<byte[], byte[]>>();
            for (var i = 0; i < count; i++)
            {
                var id = $"{partition}-{random.Next(Keys)}";
                var isThere = rows.ContainsKey(id);
                lsn += 8;
                changes++;
                if (isThere && random.Next(8) == 0)
                {
                    rows.Remove(id);
                    records.Add(upstream.Change("d", DebeziumChangeTests.Thing(id, null), null, At(lsn)));
                    records.Add(upstream.Tombstone(DebeziumChangeTests.Thing(id, null)));
                    continue;
                }

                rows[id] = $"{lsn} {Filling}";
                records.Add(upstream.Change(isThere ? "u" : "c", null, DebeziumChangeTests.Thing(id, rows[id]), At(lsn)));
            }

            await topics.WriteAsync(Topic, partition, [.. records]);
        }
    }

    /// <summary>How many records of the topic the committed position has behind it.</summary>
    private async Task<long> ReadAsync()
    {
        await using var log = new KafkaLog(KafkaLogs.OptionsOf(broker));
        return await log.ReadCheckpointAsync("things", Cancel) is { } stored && DebeziumPosition.Parse(stored.Checkpoint.Position).Topics.TryGetValue(Topic, out var place)
            ? place.Partitions.Sum(partition => partition.Next) : 0;
    }

    private async Task CompareAsync(DebeziumTopicKit topics)
    {
        var moment = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        await topics.WriteAsync(Heartbeats, 0, DebeziumTopicKit.Heartbeat(moment));
        await using var hub = await RunningHub.StartAsync(folder.At("data"), folder.At("schemas"), folder.At("connectors"), Cancel, KafkaLogs.OptionsOf(broker));
        await hub.WaitUntilCompleteAsync("things", moment.UtcDateTime, Cancel);
        var state = await LogState.ReadAsync(hub.Log, [Things.Subject], Cancel);
        output.WriteLine($"{changes} changes, {state.Entries} entries, {rows.Count} rows");
        Assert.Empty(state.Doubles);
        Assert.Equal(changes, state.Entries);
        Assert.Equal(rows, state.Live(Things.Subject, "things").ToDictionary(pair => pair.Key["things:".Length..], pair => ExpectedRecord.Of(hub.Catalog, pair.Value.Value)["name"]!));
        var found = await hub.GetAsync($"/api/v1/search?subject={Things.Subject}&size=0", Cancel);
        Assert.Equal(rows.Count, found.GetProperty("total").GetInt64());
    }
}
