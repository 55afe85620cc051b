using System.Text.Json;
using Hub.Server;
using Hub.Server.Hosting;
using Hub.Tests.Connectors;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>A whole Hub over the topics of a connector: from a record to a search hit, also after a restart.</summary>
public sealed class DebeziumHubTests
{
    private const string Heartbeats = "__debezium-heartbeat.fin";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_record_of_a_topic_is_a_search_hit_and_a_restart_goes_on_behind_it()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic("fin.public.thing", 2);
        cluster.CreateTopic(Heartbeats, 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        using var folder = new ScratchFolder();
        var catalog = Things.LoadCatalog(folder.Path);
        folder.Write("connectors/things.yaml", $"""
            source: things
            kind: debezium
            bootstrap: {cluster.Bootstrap}
            topicPrefix: fin
            format: json-schemaless
            heartbeatTopic: {Heartbeats}
            tables:
              - table: public.thing
                subject: {Things.Subject}
                key: [id]
                fields: {"{ id: id, name: name }"}
            """);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        await topics.WriteAsync("fin.public.thing", 0, upstream.Change("r", null, DebeziumChangeTests.Thing("1", "道路照明工程"), DebeziumUpstream.At(100)));
        await topics.WriteAsync(Heartbeats, 0, DebeziumTopicKit.Heartbeat(new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero)));
        await using var hub = await RunningHub.StartAsync(folder.At("data"), folder.At("schemas"), folder.At("connectors"), Cancel);
        await WaitAsync(hub, "道路", 1);
        await Wait.UntilAsync("the answer says since when it is complete", async () => (await SearchAsync(hub, "道路")).GetRawText().Contains("2026-03-01T08:00:00", StringComparison.Ordinal), () => "no moment", Cancel);

        await hub.StopAsync(Cancel);
        await topics.WriteAsync("fin.public.thing", 0, upstream.Change("u", null, DebeziumChangeTests.Thing("1", "桥梁维修工程"), DebeziumUpstream.At(200)));
        await hub.StartAsync(Cancel);
        await WaitAsync(hub, "桥梁", 1);
        await WaitAsync(hub, "道路", 0);

        var options = new HubOptions { DataFolder = folder.At("data"), SchemasFolder = folder.At("schemas"), ConnectorsFolder = folder.At("connectors"), Address = new("http://127.0.0.1:0") };
        Assert.Empty(Composition.CheckSources(options, catalog));
        Assert.Equal("HUB3000", Assert.Single(await Composition.Doctors(options, catalog)[0](Cancel)).Code);
    }

    private static Task<JsonElement> SearchAsync(RunningHub hub, string words) => hub.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(words)}", Cancel);

    private static Task WaitAsync(RunningHub hub, string words, int hits)
        => Wait.UntilAsync($"{words} is found", async () => (await SearchAsync(hub, words)).GetProperty("total").GetInt64() == hits, () => "another count", Cancel);
}
