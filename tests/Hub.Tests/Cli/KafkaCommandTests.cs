using System.Collections;
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
        Assert.Contains($"{broker.Bootstrap}: HUB3000 Kafka answers: 1 brokers", output);
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
        Assert.StartsWith("Kafka cannot be asked: ", finding.GetProperty("message").GetString());
    }

    private async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        string[] settings = ["--set", $"schemas={folder.At("schemas")}", "--set", $"connectors={folder.At("connectors")}", "--set", $"data={folder.At("data")}"];
        var exit = await HubCommands.InvokeAsync([.. arguments, .. settings], Terminal.Of(output, error, new Hashtable(), TimeProvider.System), TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }
}
