using Hub.Core.Ops;
using Hub.Log.Kafka;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>What the operator may set of the log on Kafka, and what becomes of it.</summary>
public sealed class KafkaLogSettingTests : KafkaLogParts
{
    [Fact]
    public async Task Two_prefixes_are_two_logs_on_one_cluster()
    {
        var (one, two) = (Open(change: options => options with { Prefix = "one." }), Open(change: options => options with { Prefix = "two." }));
        await one.EnsureTopicAsync(P0.Topic, 1, Token);
        await two.EnsureTopicAsync(P0.Topic, 1, Token);
        await using var lease = await one.AcquireAsync(Source, Token);
        await using var other = await two.AcquireAsync(Source, Token);
        await one.AppendAsync(LogContractEntry.Batch(new LogContractEntry(P0, "a", "one")), new(Source, new("1")), Token);
        await two.AppendAsync(LogContractEntry.Batch(new LogContractEntry(P0, "a", "two")), new(Source, new("2")), Token);
        await one.AppendAsync(new(), new(Source, new("3")), Token);
        await using var reader = await two.OpenReaderAsync("index", [P0.Topic], null, Token);
        var read = await LogContractEntry.ReadAllAsync(reader, await two.ReadEndsAsync([P0.Topic], Token), 1_000_000, Token);
        Assert.Equal((P0, "two"), (Assert.Single(read).Place, read[0].Value));
        Assert.Equal("2", await PositionAsync(two));
    }

    [Fact]
    public async Task A_topic_with_other_settings_is_told_when_it_may_not_be_made()
    {
        Broker.CreateTopic("filing.document", 1, new Dictionary<string, string> { ["cleanup.policy"] = "delete", ["max.message.bytes"] = "16777216", ["delete.retention.ms"] = "1209600000" });
        var lines = new WrittenLines();
        var log = Open(change: options => options with { CreateTopics = false, Logger = lines });
        Assert.Equal(1, await log.EnsureTopicAsync("filing.document", 4, Token));
        Assert.Equal(
            "Topic filing.document has cleanup.policy=delete, Hub would have set compact; unless that is meant, change it with kafka-configs.sh",
            Assert.Single(lines.All, line => line.Contains("filing.document", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("transactional.id")]
    [InlineData("isolation.level")]
    [InlineData("enable.idempotence")]
    [InlineData("bootstrap.servers")]
    [InlineData("metadata.broker.list")]
    [InlineData("request.required.acks")]
    public void A_property_that_the_promises_rest_on_is_refused(string property)
    {
        var failure = Assert.Throws<HubException>(() => Open(change: options => options with { ClientSettings = new Dictionary<string, string> { [property] = "1" } }));
        Assert.Equal(Codes.SettingInvalid, failure.Findings[0].Code);
        Assert.Contains($"'{property}'", failure.Message, StringComparison.Ordinal);
        Assert.Null(KafkaLogOptions.CheckClientSetting("security.protocol", "hub.yaml"));
    }

    [Fact]
    public async Task A_larger_limit_for_records_is_the_writers_and_readers_can_still_be_opened()
    {
        var log = Open(change: options => options with { ClientSettings = new Dictionary<string, string> { ["message.max.bytes"] = "33554432" } });
        await log.EnsureTopicAsync(P0.Topic, 2, Token);
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        Assert.Equal(2, (await LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1_000_000, Token)).Count);
    }

    [Fact]
    public async Task A_broker_that_is_away_is_told_once_and_not_many_times_a_second()
    {
        var lines = new WrittenLines();
        var log = Open(change: options => options with { Logger = lines, Timeout = TimeSpan.FromSeconds(3) });
        await Broker.DownAsync();
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.EnsureTopicAsync("filing.document", 1, Token).AsTask());
        Assert.NotEmpty(lines.All);
        Assert.Distinct(lines.All.Select(line => line.Split(" (after ")[0]));
    }
}
