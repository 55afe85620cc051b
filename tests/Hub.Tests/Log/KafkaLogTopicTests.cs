using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Tests.Log;

/// <summary>How topics are made, asked for, and missed.</summary>
public sealed class KafkaLogTopicTests : KafkaLogParts
{
    [Fact]
    public async Task Topics_are_made_with_Hub_s_settings_and_the_operator_s()
    {
        var settings = new Dictionary<string, string> { ["retention.ms"] = "-1", ["cleanup.policy"] = "compact,delete", ["min.insync.replicas"] = "2" };
        var log = Open(change: options => options with { Prefix = "district.", TopicSettings = settings });
        Assert.Equal(3, await log.EnsureTopicAsync("filing.document", 3, Token));
        Assert.Equal(3, await KafkaClients.PartitionsAsync(Broker.Bootstrap, "district.filing.document"));
        Assert.Equal(("compact,delete", "16777216", "-1", "2"), await SettingsAsync("district.filing.document"));
        Assert.Equal("1209600000", await SettingAsync("district.filing.document", "delete.retention.ms"));
        Assert.Equal("86400000", await SettingAsync("district.hub.checkpoint", "delete.retention.ms"));
        Assert.Equal(1, await KafkaClients.PartitionsAsync(Broker.Bootstrap, "district.hub.lease"));
        Assert.Equal(("compact", "16777216", "604800000", "1"), await SettingsAsync(P0.Topic));
    }

    [Theory]
    [InlineData("hub.checkpoint")]
    [InlineData("hub.schema")]
    [InlineData("hub.deadLetter")]
    public async Task Places_schemas_and_dead_letters_are_kept_as_safe_as_records_and_never_forgotten(string topic)
    {
        var settings = new Dictionary<string, string> { ["retention.ms"] = "60000", ["retention.bytes"] = "1", ["cleanup.policy"] = "delete", ["min.insync.replicas"] = "2" };
        await Open(change: options => options with { Prefix = "district.", TopicSettings = settings }).EnsureTopicAsync(topic, 1, Token);
        Assert.Equal(("compact", "16777216", "604800000", "2"), await SettingsAsync($"district.{topic}"));
    }

    [Theory]
    [InlineData(ErrorCode.InvalidConfig, Codes.SettingInvalid, false, "kafka.topic.*")]
    [InlineData(ErrorCode.TopicException, Codes.SettingInvalid, false, "kafka.prefix")]
    [InlineData(ErrorCode.InvalidReplicationFactor, Codes.KafkaFailed, true, "kafka.replication")]
    public async Task A_topic_that_Kafka_does_not_take_names_the_setting(ErrorCode answer, string code, bool isTransient, string setting)
    {
        var log = Open();
        Broker.Fail(ApiKey.CreateTopics, answer);
        var failure = await FailsAsync(code, isTransient, () => log.EnsureTopicAsync("filing.document", 3, Token).AsTask());
        Assert.Contains(setting, failure.Findings[0].Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_may_not_be_made_is_asked_for_with_the_command_that_makes_it()
    {
        var log = Open(change: options => options with { CreateTopics = false, TopicSettings = new Dictionary<string, string> { ["retention.ms"] = "-1" } });
        Assert.Equal(2, await log.EnsureTopicAsync(P0.Topic, 4, Token));
        var failure = await FailsAsync(Codes.TopicMissing, isTransient: false, () => log.EnsureTopicAsync("filing.document", 3, Token).AsTask());
        Assert.Equal(
            $"kafka-topics.sh --bootstrap-server {Broker.Bootstrap} --create --topic filing.document --partitions 3 --config cleanup.policy=compact --config max.message.bytes=16777216 --config delete.retention.ms=1209600000 --config retention.ms=-1 (hub doctor names all that are missing.)",
            failure.Findings[0].Suggestion);
        Broker.CreateTopic("filing.document", 3);
        Assert.Equal(3, await log.EnsureTopicAsync("filing.document", 1, Token));
    }

    [Fact]
    public async Task A_topic_that_Hub_s_user_may_not_make_is_told()
    {
        var log = Open();
        Broker.Fail(ApiKey.CreateTopics, ErrorCode.TopicAuthorizationFailed);
        await FailsAsync(Codes.KafkaRefused, isTransient: false, () => log.EnsureTopicAsync("filing.document", 3, Token).AsTask());
        Assert.Equal(3, await log.EnsureTopicAsync("filing.document", 3, Token));
    }

    [Fact]
    public async Task Two_Hubs_that_make_the_same_topic_agree_on_its_partitions()
    {
        var logs = new[] { Open("first"), Open("second") };
        var counts = await Task.WhenAll(logs.Select((log, index) => log.EnsureTopicAsync("filing.document", 2 + index, Token).AsTask()));
        Assert.Equal(await KafkaClients.PartitionsAsync(Broker.Bootstrap, "filing.document"), Assert.Single(counts.Distinct()));
    }

    [Fact]
    public async Task A_reader_that_should_start_behind_the_end_is_refused()
    {
        var log = Open();
        await log.AppendAsync(TwoOf("1"), null, Token);
        await FailsAsync(Codes.LogDamaged, isTransient: false, () => log.OpenReaderAsync("index", [P0.Topic], new Dictionary<TopicPartition, long> { [P0] = 0, [P1] = 99 }, Token).AsTask());
    }

    [Fact]
    public async Task A_group_whose_topic_was_made_again_is_told_and_passes_nothing_over()
    {
        var log = Open("before");
        for (var number = 0; number < 3; number++)
            await log.AppendAsync(TwoOf($"{number}"), null, Token);
        await using (var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token))
        {
            await Contracts.LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1000, Token);
            await reader.CommitAsync(reader.NextOffsets, Token);
        }

        await DeleteAsync(P0.Topic);
        Broker.CreateTopic(P0.Topic, 2);
        var again = Open("after");
        await again.AppendAsync(TwoOf("new"), null, Token);
        await FailsAsync(Codes.LogDamaged, isTransient: false, async () =>
        {
            await using var late = await again.OpenReaderAsync("index", [P0.Topic], null, Token);
            await late.ReadAsync(new LogBatch(), 1000, Timeout.InfiniteTimeSpan, Token);
        });
    }

    [Fact]
    public async Task A_topic_that_is_gone_while_Hub_waits_for_it_is_told()
    {
        var log = Open(change: options => options with { Timeout = TimeSpan.FromSeconds(1) });
        await log.EnsureTopicAsync(P0.Topic, 2, Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], new Dictionary<TopicPartition, long> { [P0] = 0, [P1] = 0 }, Token);
        await DeleteAsync(P0.Topic);
        var failure = await FailsAsync(Codes.TopicMissing, isTransient: false, () => reader.ReadAsync(new(), 1_000, Timeout.InfiniteTimeSpan, Token).AsTask());
        Assert.Contains(P0.Topic, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_is_gone_while_Hub_writes_to_it_is_told()
    {
        var log = Open(change: options => options with { TransactionTimeout = TimeSpan.FromSeconds(2), ClientSettings = new Dictionary<string, string> { ["topic.metadata.propagation.max.ms"] = "100" } });
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        await DeleteAsync(P0.Topic);
        // The client takes it for a topic that is still being made.
        await FailsAsync(Codes.TopicMissing, isTransient: false, () => log.AppendAsync(TwoOf("2"), new("another", new("1"), DateTimeOffset.UnixEpoch), Token).AsTask());
        await FailsAsync(Codes.TopicMissing, isTransient: false, () => log.AcquireAsync("another", Token).AsTask());
    }

    private async Task<(string? Policy, string? Size, string? Age, string? Replicas)> SettingsAsync(string topic)
        => (await SettingAsync(topic, "cleanup.policy"), await SettingAsync(topic, "max.message.bytes"), await SettingAsync(topic, "retention.ms"), await SettingAsync(topic, "min.insync.replicas"));

    private async Task<string?> SettingAsync(string topic, string key)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker.Bootstrap }).Build();
        var answer = await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = topic }]);
        return answer[0].Entries[key].Value;
    }

    private async Task DeleteAsync(string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker.Bootstrap }).Build();
        await admin.DeleteTopicsAsync([topic]);
    }
}
