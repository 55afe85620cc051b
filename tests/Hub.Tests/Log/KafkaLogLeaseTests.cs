using System.Collections.Concurrent;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>One Hub at a time writes for a source; another takes over when it goes, and shuts it out.</summary>
public sealed class KafkaLogLeaseTests : KafkaLogParts
{
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<(string Client, ApiKey Key), int> seen = new();
    private readonly Task never = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token);
    private volatile string cut = "nobody";
    private volatile string unanswered = "nobody";

    public override ValueTask InitializeAsync()
    {
        Broker.Rule = call =>
        {
            seen.AddOrUpdate((call.Client, call.Key), 1, (_, count) => count + 1);
            return call.Client == cut ? new BrokerFault.CloseBefore() : call.Client == unanswered ? new BrokerFault.HoldBefore(never) : null;
        };
        return base.InitializeAsync();
    }

    [Fact]
    public async Task A_source_is_given_to_one_and_to_the_next_when_that_one_gives_it_back()
    {
        var (first, second) = (Open("first"), Open("second"));
        var lease = await first.AcquireAsync(Source, Token);
        var waiting = second.AcquireAsync(Source, Token).AsTask();
        await IsMemberAsync("second");
        Assert.False(waiting.IsCompleted);
        await first.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Assert.False(lease.Lost.IsCancellationRequested);

        await lease.DisposeAsync();
        await using var taken = await waiting.WaitAsync(HangLimit, Token);
        Assert.Equal("at 1", await PositionAsync(second));
        await second.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
        // Giving back twice does nothing more.
        await lease.DisposeAsync();
        Assert.False(taken.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_log_that_is_closed_gives_back_what_it_holds()
    {
        var (first, second) = (Open("first"), Open("second"));
        var lease = await first.AcquireAsync(Source, Token);
        var waiting = second.AcquireAsync(Source, Token).AsTask();
        await IsMemberAsync("second");
        await first.DisposeAsync();
        await using var taken = await waiting.WaitAsync(HangLimit, Token);
        await lease.DisposeAsync();
        await second.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Assert.Equal("at 1", await PositionAsync(second));
    }

    [Fact]
    public async Task Other_sources_are_free_while_one_is_held()
    {
        await using var one = await Open("first").AcquireAsync(Source, Token);
        await using var other = await Open("second").AcquireAsync("filing", Token).AsTask().WaitAsync(HangLimit, Token);
        Assert.False(one.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_source_whose_owner_falls_silent_is_taken_over_and_the_owner_cannot_write_any_more()
    {
        var (first, second) = (OpenQuick("first"), OpenQuick("second"));
        await using var lease = await first.AcquireAsync(Source, Token);
        await first.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        cut = "first";
        await using var taken = await second.AcquireAsync(Source, Token).AsTask().WaitAsync(HangLimit, Token);
        await Wait.UntilAsync("the first knows that it has lost the source", () => lease.Lost.IsCancellationRequested, () => "it does not", Token);
        cut = "nobody";

        for (var attempt = 0; attempt < 2; attempt++)
            await FailsAsync(Codes.SourceTaken, isTransient: true, () => first.AppendAsync(TwoOf("never"), new(Source, new("never")), Token).AsTask());
        await second.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
        Assert.Equal("at 2", await PositionAsync(first));

        // And back again, by the rules.
        await lease.DisposeAsync();
        await taken.DisposeAsync();
        await using var again = await first.AcquireAsync(Source, Token).AsTask().WaitAsync(HangLimit, Token);
        await first.AppendAsync(TwoOf("3"), new(Source, new("at 3")), Token);
        Assert.Equal("a:1,2,3 b:1,2,3", await CommittedAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_owner_that_is_cut_off_in_the_middle_of_a_commit_gives_up_when_its_session_is_over_however_long_it_may_wait(bool isRefused)
    {
        var patience = TimeSpan.FromMinutes(30);
        var first = Open("first", options => options with { SessionTimeout = Session, Timeout = patience, TransactionTimeout = patience / 2 });
        await using var lease = await first.AcquireAsync(Source, Token);
        await first.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Broker.Next(ApiKey.EndTxn, new BrokerFault.HoldBefore(never));
        var held = RequestedAsync(ApiKey.EndTxn);
        var appending = FailsAsync(Codes.SourceTaken, isTransient: true, () => first.AppendAsync(TwoOf("never"), new(Source, new("never")), Token).AsTask());
        await held;
        if (isRefused)
            cut = "first";
        else
            unanswered = "first";
        await appending;
        Assert.True(lease.Lost.IsCancellationRequested, "it gave up for another reason");

        await using var taken = await OpenQuick("second").AcquireAsync(Source, Token).AsTask().WaitAsync(HangLimit, Token);
        Assert.Equal("a:1 b:1", await CommittedAsync());
        (cut, unanswered) = ("nobody", "nobody");
    }

    [Fact]
    public async Task Who_writes_last_shuts_the_other_out_until_that_one_asks_for_the_source()
    {
        var (first, second) = (Open("first"), Open("second"));
        await first.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        await second.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var refused = await FailsAsync(Codes.SourceTaken, isTransient: true, () => first.AppendAsync(TwoOf("never"), new(Source, new("never")), Token).AsTask());
            Assert.Contains("another Hub", refused.Message, StringComparison.Ordinal);
        }

        await second.AppendAsync(TwoOf("3"), new(Source, new("at 3")), Token);
        Assert.Equal("a:1,2,3 b:1,2,3", await CommittedAsync());
        await using var lease = await first.AcquireAsync(Source, Token);
        await FailsAsync(Codes.SourceTaken, isTransient: true, () => second.AppendAsync(TwoOf("never"), new(Source, new("never")), Token).AsTask());
        await first.AppendAsync(TwoOf("4"), new(Source, new("at 4")), Token);
        Assert.Equal("a:1,2,3,4 b:1,2,3,4", await CommittedAsync());
    }

    [Theory]
    [InlineData(ApiKey.AddPartitionsToTxn)]
    [InlineData(ApiKey.Produce)]
    [InlineData(ApiKey.EndTxn)]
    public async Task An_append_that_is_overtaken_at_any_step_is_refused(ApiKey step)
    {
        var (first, second) = (Open("first"), Open("second"));
        await first.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        var released = new TaskCompletionSource();
        Broker.Next(step, new BrokerFault.HoldBefore(released.Task));
        var held = RequestedAsync(step);
        var appending = FailsAsync(Codes.SourceTaken, isTransient: true, () => first.AppendAsync(TwoOf("never"), new(Source, new("never")), Token).AsTask());
        await held;
        await second.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        released.SetResult();
        await appending;
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
        Assert.Equal("at 2", await PositionAsync(first));
    }

    [Fact]
    public async Task Who_stops_waiting_for_a_source_does_not_stand_in_the_next_one_s_way()
    {
        // A member that goes while the others are waited for can only fall silent.
        var (first, second, third) = (OpenQuick("first"), OpenQuick("second"), OpenQuick("third"));
        var lease = await first.AcquireAsync(Source, Token);
        using var stop = new CancellationTokenSource();
        var cancelled = second.AcquireAsync(Source, stop.Token).AsTask();
        await IsMemberAsync("second");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(HangLimit, Token));
        var closed = second.AcquireAsync(Source, Token).AsTask();
        await IsMemberAsync("second");
        await second.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => closed.WaitAsync(HangLimit, Token));
        var waiting = third.AcquireAsync(Source, Token).AsTask();
        await lease.DisposeAsync();
        await using var taken = await waiting.WaitAsync(HangLimit, Token);
    }

    [Fact]
    public async Task All_can_be_closed_while_no_broker_answers()
    {
        var log = OpenQuick("first");
        var lease = await log.AcquireAsync(Source, Token);
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        var member = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var reader = await log.OpenReaderAsync("another", [P0.Topic], new Dictionary<TopicPartition, long> { [P0] = 0 }, Token);
        Assert.Equal("at 1", await PositionAsync(log));
        await Broker.DownAsync();
        var looking = log.ReadCheckpointAsync(Source, CancellationToken.None).AsTask();
        await lease.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await member.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await reader.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await log.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await Assert.ThrowsAnyAsync<Exception>(() => looking.WaitAsync(HangLimit, Token));
        Broker.Up();
    }

    private KafkaLog OpenQuick(string client) => Open(client, options => options with { SessionTimeout = Session });

    /// <summary>Waits until the client has learned its part in a group anew.</summary>
    private Task IsMemberAsync(string client)
    {
        var before = seen.GetValueOrDefault((client, ApiKey.Heartbeat));
        return Wait.UntilAsync($"{client} is a member", () => seen.GetValueOrDefault((client, ApiKey.Heartbeat)) > before, () => "no heartbeat", Token);
    }
}
