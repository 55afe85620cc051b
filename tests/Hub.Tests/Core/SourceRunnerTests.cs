using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The loop from a source to the log: order, waiting, stopping, and what it says of itself.</summary>
public sealed class SourceRunnerTests : PipelineParts
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private readonly RelationShape shape = Things.Shape();

    [Fact]
    public async Task A_failure_that_may_pass_is_tried_again_ever_more_slowly_and_the_next_attempt_is_shown()
    {
        var source = new ScriptedSource(Things.Source, Clock) { Readings = { _ => throw new IOException("线路断了") } };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        foreach (var (attempt, seconds) in new[] { 1, 2, 4, 8, 16, 32, 60, 60 }.Index())
        {
            // A twentieth of the wait, so that the clock's step stays small beside what is measured.
            var step = TimeSpan.FromSeconds(attempt == 0 ? 0 : seconds / 20.0);
            await AdvanceUntilAsync($"attempt {attempt + 1} is made", () => new(source.AttemptCount > attempt), step);
            var tried = source.Attempts[attempt].Moment;
            await Wait.UntilAsync("the next attempt is shown", () => runner.Status.NextAttempt > tried, () => runner.Status.ToString(), Cancel);
            var delay = (runner.Status.NextAttempt!.Value - tried).TotalSeconds;
            Assert.InRange(delay, seconds, seconds * 1.2 + step.TotalSeconds);
            Assert.Equal((SourceState.Retrying, Codes.SourceFailed, "线路断了"), (runner.Status.State, runner.Status.Problem!.Code, runner.Status.Problem.Message));
        }

        Assert.Equal(source.Attempts[0].Moment, runner.Status.Since);
    }

    [Fact]
    public async Task A_reading_that_got_somewhere_begins_the_waiting_anew_and_goes_on_from_there()
    {
        var source = new ScriptedSource(Things.Source, Clock)
        {
            Readings = { _ => throw new IOException("1"), _ => throw new IOException("2"), batch => Then(One(batch, "a", 1), new IOException("3")), _ => throw new IOException("4") },
        };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await AdvanceUntilAsync("the third reading is made", () => new(source.AttemptCount == 3), Step);
        var tried = source.Attempts[2].Moment;
        await Wait.UntilAsync("it has failed", () => runner.Status.NextAttempt > tried && runner.Status.Problem!.Message == "3", () => runner.Status.ToString(), Cancel);
        Assert.InRange((runner.Status.NextAttempt!.Value - tried).TotalSeconds, 1, 1.2 + Step.TotalSeconds);
        await AdvanceUntilAsync("the fourth reading is made", () => new(source.AttemptCount == 4), Step);
        Assert.Equal([null, null, null, "at 1"], source.Attempts.Select(attempt => attempt.Position));
    }

    [Fact]
    public async Task A_failure_that_an_operator_must_mend_stops_the_source_at_once()
    {
        var finding = new Finding(Codes.TableMissing, Severity.Error, "finance.yaml", "there is no table.", "Make it.");
        var source = new ScriptedSource(Things.Source, Clock) { Readings = { _ => throw new HubException([finding, finding with { Code = Codes.KeyMismatch }]) } };
        var runner = CreateRunner(source);
        await runner.RunAsync(Cancel);
        Assert.Equal((SourceState.Stopped, finding, null), (runner.Status.State, runner.Status.Problem, runner.Status.NextAttempt));
        Assert.Equal(1, source.AttemptCount);
    }

    [Fact]
    public async Task A_failure_that_is_named_and_may_pass_is_shown_by_its_name()
    {
        var finding = new Finding(Codes.SlotInUse, Severity.Error, "finance.yaml", "the slot is in use.", "Wait.");
        var source = new ScriptedSource(Things.Source, Clock) { Streams = true, Readings = { _ => throw new HubException(finding) { IsTransient = true }, batch => One(batch, "a", 1) } };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await Wait.UntilAsync("it waits", () => runner.Status.State == SourceState.Retrying, () => runner.Status.ToString(), Cancel);
        Assert.Equal(finding, runner.Status.Problem);
        await AdvanceUntilAsync("it streams", () => new(runner.Status.State == SourceState.Streaming), Step);
        Assert.Equal((null, null), (runner.Status.Problem, runner.Status.NextAttempt));
    }

    [Fact]
    public async Task A_source_that_fails_after_its_first_full_read_does_not_show_that_read_again()
    {
        var source = new ScriptedSource(Things.Source, Clock)
        {
            Readings =
            {
                batch => One(batch, "a", 1).Select(step => step with { Snapshot = new("public.thing", 1, 1) }).Concat(Then(One(batch, "b", 2), new IOException("线路断了"))),
                _ => throw new IOException("线路断了"),
            },
        };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await Wait.UntilAsync("it has failed", () => runner.Status.State == SourceState.Retrying, () => runner.Status.ToString(), Cancel);
        Assert.Equal("at 2", runner.Status.Position);
        Assert.Null(runner.Status.Snapshot);
    }

    [Fact]
    public async Task Upstream_is_told_only_what_is_durable()
    {
        var durable = new List<string?>();
        var source = new ScriptedSource(Things.Source, Clock)
        {
            Streams = true,
            Readings = { batch => One(batch, "a", 1).Concat(One(batch, "b", 2)).Concat(One(batch, "c", 3)) },
        };
        source.Acknowledged = async position =>
        {
            durable.Add((await Log.ReadCheckpointAsync(Things.Source, Cancel))?.Checkpoint.Position.Text);
            Assert.Equal(position.Text, durable[^1]);
            Assert.Equal(durable.Count, (await LogState.ReadAsync(Log, [Things.Subject], Cancel)).Entries);
        };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await Wait.UntilAsync("all is told", () => runner.Status.Records == 3 && runner.Status.Position == "at 3", () => runner.Status.ToString(), Cancel);
        Assert.Equal(["at 1", "at 2", "at 3"], durable);
        Assert.Null(runner.Status.Problem);
    }

    [Fact]
    public async Task A_source_that_has_caught_up_is_asked_again_after_its_rest()
    {
        var source = new ScriptedSource(Things.Source, Clock) { Readings = { batch => One(batch, "a", 1), batch => One(batch, "b", 2) } };
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await Wait.UntilAsync("the first reading is done", () => runner.Status.Position == "at 1", () => runner.Status.ToString(), Cancel);
        var first = source.Attempts[0].Moment;
        await AdvanceUntilAsync("the second reading is made", () => new(source.AttemptCount == 2), TimeSpan.FromSeconds(1));
        Assert.InRange((source.Attempts[1].Moment - first).TotalSeconds, 30, 60);
        Assert.Equal("at 1", source.Attempts[1].Position);
    }

    [Fact]
    public async Task The_first_full_read_shows_its_speed_and_what_is_left()
    {
        var source = new ScriptedSource(Things.Source, Clock) { Streams = true };
        source.Readings.Add(Read);
        var runner = CreateRunner(source);
        await using var running = new Running(runner);
        await Wait.UntilAsync("half is read", () => runner.Status.Snapshot?.RowsRead == 500, () => runner.Status.ToString(), Cancel);
        Assert.Equal(new SnapshotStatus("public.thing", 500, 1000, 40, TimeSpan.FromSeconds(12.5)), runner.Status.Snapshot);

        IEnumerable<SourceBatch> Read(EnvelopeBatch batch)
        {
            yield return new(batch, new("1"), Snapshot: new("public.thing", 100, 1000));
            Clock.Advance(TimeSpan.FromSeconds(10));
            yield return new(batch, new("2"), Snapshot: new("public.thing", 500, 1000));
        }
    }

    [Fact]
    public async Task A_source_that_another_Hub_reads_is_stood_by_for_and_told_how_fresh_it_is()
    {
        var log = new LeasingLog(Log);
        var moment = new DateTimeOffset(2026, 3, 1, 7, 59, 0, TimeSpan.Zero);
        await Log.EnsureTopicAsync(Things.Subject, 1, Cancel);
        await Log.AppendAsync(new(), new(Things.Source, new("at 7"), moment), Cancel);
        var source = new ScriptedSource(Things.Source, Clock) { Readings = { batch => One(batch, "a", 8) }, Streams = true };
        var runner = CreateRunner(source, log);
        await using var running = new Running(runner);
        await AdvanceUntilAsync("it stands by", () => new(runner.Status is { State: SourceState.Standby, Position: "at 7" } && runner.Status.AsOf == moment), Step);
        Assert.Equal(0, source.AttemptCount);

        log.Grant();
        await Wait.UntilAsync("it reads", () => runner.Status is { State: SourceState.Streaming, Position: "at 8" }, () => runner.Status.ToString(), Cancel);
        Assert.Equal("at 7", source.Attempts[0].Position);

        log.TakeAway();
        await AdvanceUntilAsync("it stands by again", () => new(runner.Status.State == SourceState.Standby), Step);
        Assert.Equal((1, null), (source.AttemptCount, runner.Status.Problem));
        log.Grant();
        await Wait.UntilAsync("it reads again", () => source.AttemptCount == 2, () => runner.Status.ToString(), Cancel);
        Assert.Equal("at 8", source.Attempts[1].Position);
    }

    [Fact]
    public async Task A_log_that_cannot_be_asked_meanwhile_is_told_and_the_place_in_line_is_kept()
    {
        var log = new LeasingLog(Log) { Failure = new HubException(new Finding(Codes.KafkaFailed, Severity.Error, "log", "it does not answer.")) { IsTransient = true } };
        var source = new ScriptedSource(Things.Source, Clock) { Readings = { batch => One(batch, "a", 8) }, Streams = true };
        var runner = CreateRunner(source, log);
        await using var running = new Running(runner);
        await AdvanceUntilAsync("it says why it knows nothing", () => new(runner.Status is { State: SourceState.Standby, Problem.Code: Codes.KafkaFailed }), Step);

        log.Failure = null;
        await AdvanceUntilAsync("it stands by as before", () => new(runner.Status is { State: SourceState.Standby, Problem: null }), Step);
        log.Grant();
        await Wait.UntilAsync("it reads", () => runner.Status.State == SourceState.Streaming, () => runner.Status.ToString(), Cancel);
        Assert.Equal(1, log.Acquisitions);
    }

    private SourceRunner CreateRunner(ScriptedSource source, ILog? log = null)
        => new(
            source, new(Things.Define(Folder, Catalog), Catalog, log ?? Log, DeadLetters, Freshness), log ?? Log, DeadLetters, Freshness, new() { Partitions = 1 }, Clock,
            NullLogger<SourceRunner>.Instance);

    /// <summary>A log whose leases the test gives and takes.</summary>
    private sealed class LeasingLog(ILog inner) : ForwardingLog(inner)
    {
        private readonly Lock gate = new();
        private TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private CancellationTokenSource lost = new();

        public int Acquisitions { get; private set; }

        /// <summary>What comes of asking for a checkpoint.</summary>
        public Exception? Failure { get; set; }

        public override ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken)
            => Failure is { } failure ? throw failure : base.ReadCheckpointAsync(source, cancellationToken);

        public override async ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken)
        {
            Acquisitions++;
            await granted.Task.WaitAsync(cancellationToken);
            lock (gate)
                return new(lost.Token);
        }

        public void Grant() => granted.SetResult();

        public void TakeAway()
        {
            granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                var before = lost;
                lost = new();
                before.Cancel();
            }
        }
    }

    private IEnumerable<SourceBatch> One(EnvelopeBatch batch, string id, long version)
    {
        Things.Add(batch, shape, id, "名", version);
        yield return new(batch, new($"at {version}"));
    }

    private static IEnumerable<SourceBatch> Then(IEnumerable<SourceBatch> steps, Exception failure)
    {
        foreach (var step in steps)
            yield return step;
        throw failure;
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        private readonly Task running;

        public Running(SourceRunner runner) => running = runner.RunAsync(stop.Token);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            stop.Dispose();
        }
    }
}
