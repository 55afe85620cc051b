using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Hub.Cli;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Cli;

/// <summary>What the commands say of a log on Kafka.</summary>
public sealed class KafkaCommandTests : IAsyncLifetime
{
    private readonly ScratchFolder folder = new();
    private readonly TransactionalBroker broker = new();

    public ValueTask InitializeAsync()
    {
        Things.LoadCatalog(folder.At("schemas"));
        Directory.CreateDirectory(folder.At("connectors"));
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await broker.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Run_on_Kafka_without_an_address_names_the_setting_and_exits_with_2()
    {
        var (exit, output, error) = await RunAsync("run", "--log", "kafka");
        Assert.Equal((2, ""), (exit, output));
        Assert.Equal("error kafka.bootstrap: HUB2006 the log is on Kafka, but no address of Kafka is set. Add --set kafka.bootstrap=kafka1:9092,kafka2:9092.", error.Trim());
        Assert.False(Directory.Exists(folder.At("data")), "something was opened already");
    }

    [Fact]
    public async Task Doctor_says_how_Kafka_answers()
    {
        var (exit, output, error) = await RunAsync("doctor", "--set", "log=kafka", "--set", $"kafka.bootstrap={broker.Bootstrap}");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains($"{broker.Bootstrap}: HUB3000 Kafka answers: 1 brokers, 0 of 4 topics are there.", output);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Doctor_says_what_a_topic_has_otherwise_than_it_is_set_whoever_makes_topics(string createTopics)
    {
        broker.CreateTopic("north.hub.deadLetter", 3, new Dictionary<string, string> { ["cleanup.policy"] = "compact", ["max.message.bytes"] = "1048588", ["delete.retention.ms"] = "1209600000", ["min.insync.replicas"] = "1" });
        broker.CreateTopic("north.hub.lease", 1, new Dictionary<string, string> { ["cleanup.policy"] = "compact,delete", ["max.message.bytes"] = "16777216", ["delete.retention.ms"] = "1209600000", ["min.insync.replicas"] = "2" });
        broker.CreateTopic("north.of.somebody.else", 1, new Dictionary<string, string> { ["cleanup.policy"] = "delete" });
        var (exit, output, error) = await RunAsync(
            "doctor", "--json", "--set", "log=kafka", "--set", $"kafka.bootstrap={broker.Bootstrap}", "--set", "kafka.prefix=north.", "--set", $"kafka.createTopics={createTopics}",
            "--set", "kafka.replication=3", "--set", "kafka.topic.min.insync.replicas=2");
        // Where Hub may make none, those that are missing are an error.
        Assert.Equal((createTopics == "true" ? 0 : 3, ""), (exit, error));
        var findings = JsonDocument.Parse(output).RootElement.GetProperty("findings").EnumerateArray().Where(finding => finding.GetProperty("severity").GetString() == "warning").ToList();
        Assert.All(findings, finding => Assert.Equal(Codes.TopicSettings, finding.GetProperty("code").GetString()));
        Assert.Equal(
            [
                "north.hub.deadLetter: the topic has 3 partitions, 1 are set.", "north.hub.deadLetter: the topic has max.message.bytes=1048588, 16777216 is set.",
                "north.hub.deadLetter: the topic has min.insync.replicas=1, 2 is set.", "north.hub.deadLetter: the topic has one copy only, so the loss of one broker loses what is in it.",
                "north.hub.lease: the topic has cleanup.policy=compact,delete: what it forgets by age cannot be indexed again.",
                "north.hub.lease: the topic has one copy only, so the loss of one broker loses what is in it.",
            ],
            findings.Select(finding => $"{finding.GetProperty("place").GetString()}: {finding.GetProperty("message").GetString()}").Order(StringComparer.Ordinal));
        Assert.Contains($"kafka-configs.sh --bootstrap-server {broker.Bootstrap} --alter --topic north.hub.deadLetter --add-config min.insync.replicas=2", output);
    }

    [Fact]
    public async Task Doctor_names_every_topic_that_is_missing_and_may_not_be_made()
    {
        broker.CreateTopic("d.hub.schema", 1);
        string[] settings = ["--set", "log=kafka", "--set", $"kafka.bootstrap={broker.Bootstrap}", "--set", "kafka.prefix=d.", "--set", "kafka.createTopics=false", "--set", "kafka.replication=3"];
        var (exit, output, error) = await RunAsync(["doctor", .. settings]);
        Assert.Equal(3, exit);
        foreach (var (topic, partitions) in new[] { ("d.hub.deadLetter", 1), ("d.hub.checkpoint", 16), ("d.hub.lease", 1) })
            Assert.Contains($"--create --topic {topic} --partitions {partitions} --replication-factor 3 --config cleanup.policy=compact", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("--create --topic d.hub.schema", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_that_Kafka_cannot_be_reached_and_exits_with_3()
    {
        await broker.DownAsync();
        var (exit, output, error) = await RunAsync("doctor", "--json", "--set", "log=kafka", "--set", $"kafka.bootstrap={broker.Bootstrap}");
        Assert.Equal((3, ""), (exit, error));
        var finding = Assert.Single(JsonDocument.Parse(output).RootElement.GetProperty("findings").EnumerateArray());
        Assert.Equal((Codes.KafkaFailed, "error", broker.Bootstrap), (finding.GetProperty("code").GetString(), finding.GetProperty("severity").GetString(), finding.GetProperty("place").GetString()));
        Assert.StartsWith($"Kafka cannot be asked: no broker of kafka.bootstrap ({broker.Bootstrap}) answers (", finding.GetProperty("message").GetString());
        Assert.Contains("Connection refused", finding.GetProperty("message").GetString());
        Assert.Contains("advertised.listeners", finding.GetProperty("suggestion").GetString());
    }

    [Fact]
    public async Task Run_says_the_same_at_once_and_begins_when_Kafka_is_there()
    {
        await broker.DownAsync();
        var text = new StringWriter();
        var output = TextWriter.Synchronized(text);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = InvokeAsync(output, output, stop.Token, "run", "--log", "kafka", "--set", $"kafka.bootstrap={broker.Bootstrap}", "--set", $"address={FreeAddress()}");
        await Wait.UntilAsync("it says so", () => Said().Contains($"no broker of kafka.bootstrap ({broker.Bootstrap}) answers (", StringComparison.Ordinal), Said, stop.Token);
        Assert.Equal(0, broker.Requests(ApiKey.CreateTopics));
        broker.Up();
        await Wait.UntilAsync("it begins", () => broker.Requests(ApiKey.CreateTopics) > 0, Said, stop.Token);
        await stop.CancelAsync();
        Assert.Equal(0, await running);

        string Said()
        {
            // What the synchronized writer locks itself.
            lock (output)
                return text.ToString();
        }
    }

    private async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exit = await InvokeAsync(output, error, TestContext.Current.CancellationToken, arguments);
        return (exit, output.ToString(), error.ToString());
    }

    private Task<int> InvokeAsync(TextWriter output, TextWriter error, CancellationToken cancellationToken, params string[] arguments)
    {
        string[] settings = ["--set", $"schemas={folder.At("schemas")}", "--set", $"connectors={folder.At("connectors")}", "--set", $"data={folder.At("data")}"];
        return HubCommands.InvokeAsync([.. arguments, .. settings], Terminal.Of(output, error, new Hashtable(), TimeProvider.System), cancellationToken);
    }

    private static Uri FreeAddress()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return new($"http://{free.LocalEndpoint}");
    }
}
