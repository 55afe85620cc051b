using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>What the two loops remember when something between source, log and index fails.</summary>
public sealed class PipelineFailureTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Moment = new(2025, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private readonly FailureParts parts = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await parts.OpenAsync(Cancel);

    public ValueTask DisposeAsync() => parts.DisposeAsync();

    [Fact]
    public async Task A_dead_letter_stays_open_until_what_closes_it_is_durable()
    {
        await parts.Writer.WriteAsync(FailureParts.Row("a", "not a number", 1), Cancel);
        Assert.Equal(1, parts.DeadLetters.CountOpen("s"));

        parts.Log.IsFull = true;
        await Assert.ThrowsAsync<IOException>(async () => await parts.Writer.WriteAsync(FailureParts.Row("a", "2.00", 2), Cancel));
        Assert.Equal(1, parts.DeadLetters.CountOpen("s"));

        parts.Log.IsFull = false;
        await parts.Writer.WriteAsync(FailureParts.Row("a", "2.00", 2), Cancel);
        Assert.Equal(0, parts.DeadLetters.CountOpen("s"));
        var again = new DeadLetterBook(parts.Catalog, TimeProvider.System);
        await again.LoadAsync(parts.Log, Cancel);
        Assert.Equal(0, again.CountOpen("s"));
    }

    [Fact]
    public async Task What_another_process_refuses_and_mends_is_followed()
    {
        var elsewhere = new DeadLetterBook(parts.Catalog, TimeProvider.System);
        await elsewhere.LoadAsync(parts.Log, Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var following = elsewhere.FollowAsync(parts.Log, stop.Token);

        await parts.Writer.WriteAsync(FailureParts.Row("a", "not a number", 1), Cancel);
        await Wait.UntilAsync("it is known to be refused", () => elsewhere.CountOpen("s") == 1, () => $"{elsewhere.CountOpen("s")} open", Cancel);
        await parts.Writer.WriteAsync(FailureParts.Row("a", "2.00", 2), Cancel);
        await Wait.UntilAsync("it is known to be mended", () => elsewhere.CountOpen("s") == 0, () => $"{elsewhere.CountOpen("s")} open", Cancel);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    [Fact]
    public async Task A_record_that_the_index_refused_is_closed_by_a_newer_one_that_was_in_the_log_already()
    {
        await parts.Writer.WriteAsync(FailureParts.Row("a", "1.00", 5), Cancel);
        await parts.Writer.WriteAsync(FailureParts.Row("a", "2.00", 6), Cancel);
        var index = new RefusingIndex(refusedVersion: 5);
        await RunSinkAsync(index);
        Assert.Equal(0, parts.DeadLetters.CountOpen("s"));
    }

    [Fact]
    public async Task A_record_that_the_index_refused_stays_open_without_a_newer_one()
    {
        await parts.Writer.WriteAsync(FailureParts.Row("a", "1.00", 4), Cancel);
        await parts.Writer.WriteAsync(FailureParts.Row("a", "1.00", 5), Cancel);
        await RunSinkAsync(new RefusingIndex(refusedVersion: 5));
        Assert.Equal(1, parts.DeadLetters.CountOpen("s"));
    }

    [Fact]
    public async Task A_topic_that_nobody_reads_any_more_does_not_hold_completeness_back()
    {
        var left = new TopicPartition("test.abandoned", 0);
        await parts.Log.EnsureTopicAsync(left.Topic, 1, Cancel);
        var batch = new LogBatch();
        batch.Add(new(left, -1, "s", Operation.Create, 1, 0, batch.Store("s:1"u8), batch.Store("x"u8), Cell.Null));
        await parts.Log.AppendAsync(batch, null, Cancel);

        await parts.Writer.WriteAsync(FailureParts.Row("a", "1.00", 5, Moment), Cancel);
        Assert.Null(parts.Freshness.AsOf("s"));
        await RunSinkAsync(new RefusingIndex(refusedVersion: 0));
        Assert.Equal(Moment, parts.Freshness.AsOf("s"));

        // The same after a restart, from the checkpoint.
        var stored = await parts.Log.ReadCheckpointAsync("s", Cancel);
        parts.Writer.Recall(stored!);
        Assert.Equal(Moment, parts.Freshness.AsOf("s"));
    }

    [Fact]
    public async Task A_failure_that_comes_back_at_once_is_waited_for_longer_each_time()
    {
        var time = new ImpatientTime();
        var source = new BrokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        time.Waited += count => { if (count == 5) stop.Cancel(); };
        var runner = new SourceRunner(
            source, parts.Writer, parts.Log, parts.DeadLetters, parts.Freshness, new() { RestartDelay = TimeSpan.FromSeconds(1), MaxRestartDelay = TimeSpan.FromSeconds(6) },
            time, NullLogger<SourceRunner>.Instance);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runner.RunAsync(stop.Token));

        // The first read moves from nowhere to where it stands, which is progress; the later ones are none.
        int[] expected = [1, 2, 4, 6, 6];
        Assert.All(time.Waits, (wait, i) => Assert.InRange(wait.TotalSeconds, expected[i], expected[i] * 1.2));
        Assert.Equal(expected.Length, time.Waits.Count);
    }

    private async Task RunSinkAsync(RefusingIndex index)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sink = new IndexSink(
            parts.Log, index, parts.DeadLetters, parts.Freshness, new() { RefreshInterval = TimeSpan.Zero, CommitInterval = TimeSpan.Zero }, TimeProvider.System,
            NullLogger<IndexSink>.Instance);
        var running = sink.RunAsync([FailureParts.Subject], stop.Token);
        await await Task.WhenAny(index.Committed.Task, running);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Remembers how long each wait should be, and ends it at once.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public event Action<int>? Waited;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            Waited?.Invoke(Waits.Count);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
