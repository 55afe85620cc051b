using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Log.Kafka;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Tests.Log;

/// <summary>What goes wrong on the way to Kafka is waited out, or told by its name.</summary>
public sealed class KafkaLogFailureTests : KafkaLogParts
{
    [Fact]
    public async Task A_broker_that_is_away_is_a_failure_that_passes_and_nothing_is_lost()
    {
        var log = OpenImpatient();
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], new Dictionary<TopicPartition, long> { [P0] = 0, [P1] = 0 }, Token);
        await Broker.DownAsync();
        var batch = new LogBatch();
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token).AsTask());
        await reader.ReadAsync(batch, 1000, TimeSpan.Zero, Token);
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.ReadEndsAsync([P0.Topic], Token).AsTask());
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.ReadCheckpointAsync(Source, Token).AsTask());
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.EnsureTopicAsync("filing.document", 1, Token).AsTask());
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.OpenReaderAsync("index", ["filing.document"], null, Token).AsTask());
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.ReadLagAsync("index", Token).AsTask());
        await FailsAsync(Codes.KafkaFailed, isTransient: true, () => OpenImpatient().AppendAsync(TwoOf("2"), null, Token).AsTask());
        Broker.Up();
        await Wait.UntilAsync("it is written", () => WritesAsync(log), () => "still a failure", Token);
        await LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1000, Token);
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
    }

    [Fact]
    public async Task A_cluster_that_is_away_is_told_with_its_address_and_not_at_every_attempt()
    {
        var lines = new WrittenLines();
        await Broker.DownAsync();
        var log = Open(change: options => options with { Timeout = TimeSpan.FromSeconds(2), Logger = lines });
        var failure = await FailsAsync(Codes.KafkaFailed, isTransient: true, () => log.EnsureTopicAsync(P0.Topic, 2, Token).AsTask());
        var told = $"no broker of kafka.bootstrap ({Broker.Bootstrap}) answers (";
        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
        Assert.Single(lines.All, line => line.Contains(told, StringComparison.Ordinal));
        Assert.InRange(lines.All.Length, 1, 3);
    }

    [Theory]
    [InlineData(ApiKey.Produce)]
    [InlineData(ApiKey.EndTxn)]
    public async Task An_append_outlives_a_broker_that_goes_and_comes_back(ApiKey step)
    {
        var log = Open();
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Broker.Next(step, new BrokerFault.HoldBefore(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token)));
        var held = RequestedAsync(step);
        var appending = log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token).AsTask();
        await held;
        await Broker.DownAsync();
        Broker.Up();
        await appending.WaitAsync(HangLimit, Token);
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
        Assert.Equal("at 2", await PositionAsync(log));
    }

    [Theory]
    [InlineData(ApiKey.InitProducerId, ErrorCode.GroupCoordinatorNotAvailable)]
    [InlineData(ApiKey.InitProducerId, ErrorCode.GroupLoadInProgress)]
    [InlineData(ApiKey.AddPartitionsToTxn, ErrorCode.ConcurrentTransactions)]
    [InlineData(ApiKey.AddPartitionsToTxn, ErrorCode.NotCoordinatorForGroup)]
    [InlineData(ApiKey.Produce, ErrorCode.NotEnoughReplicas)]
    [InlineData(ApiKey.Produce, ErrorCode.NotLeaderForPartition)]
    [InlineData(ApiKey.Produce, ErrorCode.RequestTimedOut)]
    [InlineData(ApiKey.Produce, ErrorCode.KafkaStorageError)]
    [InlineData(ApiKey.EndTxn, ErrorCode.GroupCoordinatorNotAvailable)]
    [InlineData(ApiKey.EndTxn, ErrorCode.ConcurrentTransactions)]
    public async Task What_passes_is_waited_out(ApiKey step, ErrorCode error)
    {
        var log = Open();
        Broker.Fail(step, error, error);
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Assert.Equal("a:1 b:1", await CommittedAsync());
        Assert.Equal("at 1", await PositionAsync(log));
    }

    [Theory]
    [InlineData(ApiKey.InitProducerId, ErrorCode.TransactionalIdAuthorizationFailed, Codes.KafkaRefused)]
    [InlineData(ApiKey.FindCoordinator, ErrorCode.TransactionalIdAuthorizationFailed, Codes.KafkaRefused)]
    [InlineData(ApiKey.AddPartitionsToTxn, ErrorCode.TopicAuthorizationFailed, Codes.KafkaRefused)]
    [InlineData(ApiKey.AddPartitionsToTxn, ErrorCode.TransactionalIdAuthorizationFailed, Codes.KafkaRefused)]
    [InlineData(ApiKey.Produce, ErrorCode.TopicAuthorizationFailed, Codes.KafkaRefused)]
    [InlineData(ApiKey.Produce, ErrorCode.MsgSizeTooLarge, Codes.RecordTooLarge)]
    [InlineData(ApiKey.EndTxn, ErrorCode.TransactionalIdAuthorizationFailed, Codes.KafkaRefused)]
    public async Task An_append_that_an_operator_must_help_is_told_and_undone(ApiKey step, ErrorCode error, string code)
    {
        var log = Open();
        Broker.Fail(step, error);
        // With a moment, so that nothing is asked for but by the writer.
        await FailsAsync(code, isTransient: false, () => log.AppendAsync(TwoOf("1"), new(Source, new("at 1"), DateTimeOffset.UnixEpoch), Token).AsTask());
        await log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        Assert.Equal("a:2 b:2", await CommittedAsync());
        Assert.Equal("at 2", await PositionAsync(log));
    }

    [Theory]
    [InlineData(ApiKey.FindCoordinator, ErrorCode.GroupAuthorizationFailed)]
    [InlineData(ApiKey.JoinGroup, ErrorCode.GroupAuthorizationFailed)]
    public async Task A_source_or_a_group_that_Hub_may_not_join_is_told(ApiKey step, ErrorCode error)
    {
        var log = Open();
        await log.ReadEndsAsync([P0.Topic], Token);
        Broker.Rule = call => call.Key == step ? new BrokerFault.Answer(error) : null;
        await FailsAsync(Codes.KafkaRefused, isTransient: false, () => log.AcquireAsync(Source, Token).AsTask());
        await FailsAsync(Codes.KafkaRefused, isTransient: false, () => log.OpenReaderAsync("index", [P0.Topic], null, Token).AsTask());
        Broker.Rule = null;
        await using var lease = await log.AcquireAsync(Source, Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        Assert.Equal(2, reader.NextOffsets.Count);
    }

    [Fact]
    public async Task What_may_not_be_read_is_told()
    {
        var log = Open();
        await log.AppendAsync(TwoOf("1"), null, Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], new Dictionary<TopicPartition, long> { [P0] = 0, [P1] = 0 }, Token);
        Broker.Rule = call => call.Key is ApiKey.Fetch or ApiKey.ListOffsets ? new BrokerFault.Answer(ErrorCode.TopicAuthorizationFailed) : null;
        await FailsAsync(Codes.KafkaRefused, isTransient: false, () => log.ReadEndsAsync([P0.Topic], Token).AsTask());
        await FailsAsync(Codes.KafkaRefused, isTransient: false, async () => await LogContractEntry.ReadAllAsync(reader, new Dictionary<TopicPartition, long> { [P0] = 99, [P1] = 99 }, 1, Token));
    }

    [Fact]
    public async Task A_record_that_is_larger_than_the_client_or_the_topic_takes_stops_its_source_and_no_other()
    {
        var log = Open(change: options => options with { TopicSettings = new Dictionary<string, string> { ["max.message.bytes"] = "20000" } });
        await log.EnsureTopicAsync("filing.document", 1, Token);
        var random = new Random(1);
        var noise = string.Concat(Enumerable.Range(0, 40_000).Select(_ => (char)random.Next('0', 'z')));
        await FailsAsync(Codes.RecordTooLarge, isTransient: false, () => log.AppendAsync(Batch(new(P0, "a", new('x', 17 * 1024 * 1024)), new(P1, "b", "1")), null, Token).AsTask());
        var filing = new TopicPartition("filing.document", 0);
        await FailsAsync(Codes.RecordTooLarge, isTransient: false, () => log.AppendAsync(Batch(new(P0, "a", "1"), new(filing, "b", noise), new(filing, "c", "1")), new("filing", new("1")), Token).AsTask());
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Assert.Equal("a:1 b:1", await CommittedAsync());
        Assert.Null(await log.ReadCheckpointAsync("filing", Token));
    }

    [Fact]
    public void A_property_that_the_client_does_not_know_is_a_finding()
    {
        var failure = Assert.Throws<HubException>(() => new KafkaLog(KafkaLogs.OptionsOf(Broker) with { ClientSettings = new Dictionary<string, string> { ["no.such.property"] = "1" } }));
        Assert.Equal(Codes.SettingInvalid, failure.Findings[0].Code);
        Assert.Contains("no.such.property", failure.Findings[0].Message, StringComparison.Ordinal);
    }

    /// <summary>As a source does it: after a failure the checkpoint tells whether the batch is in the log.</summary>
    private static async ValueTask<bool> WritesAsync(KafkaLog log)
    {
        try
        {
            if (await PositionAsync(log) != "at 2")
                await log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
            return true;
        }
        catch (HubException failure) when (failure.IsTransient)
        {
            return false;
        }
    }

    private KafkaLog OpenImpatient() => Open(change: options => options with { Timeout = TimeSpan.FromSeconds(1), TransactionTimeout = TimeSpan.FromSeconds(2) });
}
