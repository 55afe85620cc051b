using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>Whatever breaks while a batch is appended: it is in the log with its checkpoint, once, or neither is.</summary>
public sealed class KafkaLogTransactionTests : KafkaLogParts
{
    [Theory]
    [InlineData(ApiKey.InitProducerId, false)]
    [InlineData(ApiKey.InitProducerId, true)]
    [InlineData(ApiKey.AddPartitionsToTxn, false)]
    [InlineData(ApiKey.AddPartitionsToTxn, true)]
    [InlineData(ApiKey.Produce, false)]
    [InlineData(ApiKey.Produce, true)]
    [InlineData(ApiKey.EndTxn, false)]
    [InlineData(ApiKey.EndTxn, true)]
    public async Task A_source_that_is_cut_off_at_any_step_and_goes_on_from_its_checkpoint_leaves_no_gap_and_no_duplicate(ApiKey step, bool isDone)
    {
        var killed = Open("killed");
        await killed.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        // So that the next append makes a writer, too.
        await using (await killed.AcquireAsync(Source, Token))
        {
        }

        Broker.Rule = call => call.Key == step && call.Client == "killed" ? isDone ? new BrokerFault.CloseAfter() : new BrokerFault.CloseBefore() : null;
        var cut = RequestedAsync(step);
        var appending = killed.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token).AsTask();
        await cut;
        await killed.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await Assert.ThrowsAnyAsync<Exception>(() => appending);

        var next = Open("next");
        await using var lease = await next.AcquireAsync(Source, Token);
        var position = await PositionAsync(next);
        var isCommitted = step == ApiKey.EndTxn && isDone;
        Assert.Equal(isCommitted ? "at 2" : "at 1", position);
        Assert.Equal(isCommitted ? "a:1,2 b:1,2" : "a:1 b:1", await CommittedAsync());
        if (!isCommitted)
            await next.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        await next.AppendAsync(TwoOf("3"), new(Source, new("at 3")), Token);
        Assert.Equal("a:1,2,3 b:1,2,3", await CommittedAsync());
        Assert.Equal("at 3", await PositionAsync(next));
    }

    [Theory]
    [InlineData(ApiKey.InitProducerId)]
    [InlineData(ApiKey.AddPartitionsToTxn)]
    [InlineData(ApiKey.Produce)]
    [InlineData(ApiKey.EndTxn)]
    public async Task An_answer_that_is_lost_once_is_asked_for_again(ApiKey step)
    {
        var log = Open();
        Broker.Next(step, new BrokerFault.CloseAfter());
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        Assert.Equal("a:1 b:1", await CommittedAsync());
        Assert.Equal("at 1", await PositionAsync(log));
    }

    [Fact]
    public async Task An_append_that_is_cancelled_half_way_is_undone_at_once_and_holds_no_reader_back()
    {
        var log = Open();
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        var released = new TaskCompletionSource();
        Broker.Next(ApiKey.Produce, new BrokerFault.HoldAfter(released.Task));
        using var stop = new CancellationTokenSource();
        var held = RequestedAsync(ApiKey.Produce);
        var appending = log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), stop.Token).AsTask();
        await held;
        await stop.CancelAsync();
        released.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => appending.WaitAsync(HangLimit, Token));
        Assert.All([P0, P1], place => Assert.Equal(Broker.Count(place.Topic, place.Partition).HighWatermark, Broker.Count(place.Topic, place.Partition).LastStable));
        Assert.Equal("a:1 b:1", await CommittedAsync());
        Assert.Equal("at 1", await PositionAsync(log));
        await log.AppendAsync(TwoOf("3"), new(Source, new("at 3")), Token);
        Assert.Equal("a:1,3 b:1,3", await CommittedAsync());
    }

    [Fact]
    public async Task A_commit_that_is_cancelled_is_whole_or_undone_as_the_checkpoint_tells()
    {
        var log = Open();
        await log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token);
        var released = new TaskCompletionSource();
        Broker.Next(ApiKey.EndTxn, new BrokerFault.HoldBefore(released.Task));
        using var stop = new CancellationTokenSource();
        var held = RequestedAsync(ApiKey.EndTxn);
        var appending = log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), stop.Token).AsTask();
        await held;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => appending.WaitAsync(HangLimit, Token));
        // The next life of the writer comes before the end that is still on its way.
        await using var lease = await log.AcquireAsync(Source, Token);
        released.SetResult();
        Assert.Equal("at 1", await PositionAsync(log));
        Assert.Equal("a:1 b:1", await CommittedAsync());
        await log.AppendAsync(TwoOf("2"), new(Source, new("at 2")), Token);
        Assert.Equal("a:1,2 b:1,2", await CommittedAsync());
        Assert.Equal("at 2", await PositionAsync(log));
    }

    [Fact]
    public async Task A_log_is_closed_under_an_append_that_waits_for_the_broker()
    {
        var log = Open();
        await using var lease = await log.AcquireAsync(Source, Token);
        var released = new TaskCompletionSource();
        Broker.Next(ApiKey.Produce, new BrokerFault.HoldBefore(released.Task));
        var held = RequestedAsync(ApiKey.Produce);
        var appending = log.AppendAsync(TwoOf("1"), new(Source, new("at 1")), Token).AsTask();
        await held;
        await log.DisposeAsync().AsTask().WaitAsync(HangLimit, Token);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => appending);
        released.SetResult();
        // A lease outlives its log without harm.
        await lease.DisposeAsync();
        Assert.Equal("", await CommittedAsync());
    }

    [Fact]
    public async Task The_moment_that_was_saved_before_stays_with_a_checkpoint_that_names_none()
    {
        var moment = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        await Open("first").AppendAsync(new(), new(Source, new("at 1"), moment), Token);
        var second = Open("second");
        await second.AppendAsync(TwoOf("1"), new(Source, new("at 2")), Token);
        Assert.Equal(new(Source, new("at 2"), moment), (await second.ReadCheckpointAsync(Source, Token))!.Checkpoint);
    }
}
