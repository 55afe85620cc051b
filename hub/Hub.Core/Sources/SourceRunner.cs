using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Microsoft.Extensions.Logging;

namespace Hub.Core.Sources;

/// <summary>How a <see cref="SourceRunner"/> runs its source.</summary>
public sealed record SourceRunnerOptions
{
    public int Partitions { get; init; } = 4;

    /// <summary>First wait after a failure; doubled up to <see cref="MaxRestartDelay"/>, with up to a fifth of jitter.</summary>
    public TimeSpan RestartDelay { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxRestartDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long it may take to be given a source that nobody reads; after it, another Hub is taken to read it.</summary>
    public TimeSpan StandbyDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a source that another Hub reads is looked at.</summary>
    public TimeSpan StandbyInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a polled source rests after it has caught up.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// The loop from a source to the log: read a batch, make it durable, acknowledge. A failure that may pass starts the source
/// again from its checkpoint, for ever; one that an operator must mend stops it.
/// </summary>
public sealed partial class SourceRunner(
    ISource source, IngestWriter writer, ILog log, DeadLetterBook deadLetters, Freshness freshness,
    SourceRunnerOptions options, TimeProvider time, ILogger<SourceRunner> logger)
{
    private volatile Snapshot state = new(SourceState.Starting, time.GetUtcNow());
    private SourcePosition? position;
    private SnapshotProgress? progress;
    private long runStarted;
    private long rowsAtStart;

    private sealed record Snapshot(SourceState State, DateTimeOffset Since, DateTimeOffset? NextAttempt = null, Finding? Problem = null);

    public string Name => source.Name;

    public SourceStatus Status
    {
        get
        {
            var now = state;
            return new(
                source.Name, now.State, now.Since, position?.Text, freshness.AsOf(source.Name), SnapshotStatus(),
                now.NextAttempt, now.Problem, writer.Written, deadLetters.CountOpen(source.Name), writer.Drift);
        }
    }

    /// <summary>Runs until cancelled or until the source stops for good; its state then tells why.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        freshness.Register(source.Name);
        for (var failures = 0; ; failures++)
        {
            try
            {
                await OwnAsync(() => failures = 0, cancellationToken);
                failures = -1;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (HubException failure) when (!failure.IsTransient)
            {
                state = new(SourceState.Stopped, time.GetUtcNow(), Problem: failure.Findings[0]);
                LogStopped(source.Name, failure.Message);
                return;
            }
            catch (Exception failure)
            {
                await WaitAsync(failures, failure, cancellationToken);
            }
        }
    }

    /// <summary>Reads for as long as no other Hub has the source; returns when one has taken it.</summary>
    private async Task OwnAsync(Action onProgress, CancellationToken cancellationToken)
    {
        state = state with { State = SourceState.Starting, NextAttempt = null };
        await writer.OpenAsync(options.Partitions, cancellationToken);
        await using var lease = await AcquireAsync(cancellationToken);
        using var owning = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            while (true)
            {
                await ReadAsync(onProgress, owning.Token);
                onProgress();
                await Task.Delay(options.PollInterval, time, owning.Token);
            }
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            LogTaken(source.Name);
        }
    }

    /// <summary>Waits until this Hub is the one that reads the source; meanwhile tells how fresh the other keeps it.</summary>
    private async Task<SourceLease> AcquireAsync(CancellationToken cancellationToken)
    {
        var acquiring = log.AcquireAsync(source.Name, cancellationToken).AsTask();
        for (var wait = options.StandbyDelay; !acquiring.IsCompleted && await Task.WhenAny(acquiring, Task.Delay(wait, time, cancellationToken)) != acquiring && !cancellationToken.IsCancellationRequested; wait = options.StandbyInterval)
        {
            if (state.State != SourceState.Standby)
            {
                state = new(SourceState.Standby, time.GetUtcNow());
                LogState(source.Name, SourceState.Standby);
            }

            await LookAsync(cancellationToken);
        }

        return await acquiring;
    }

    /// <summary>A log that cannot be asked is no reason to stand in line anew: whoever left would not be there when the source becomes free.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await log.ReadCheckpointAsync(source.Name, cancellationToken) is { } stored)
            {
                writer.Recall(stored);
                position = stored.Checkpoint.Position;
            }

            state = state with { Problem = null };
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            state = state with { Problem = FindingOf(failure) };
        }
        catch (OperationCanceledException)
        {
            // The one that waits is told by what it waits for.
        }
    }

    private async Task ReadAsync(Action onProgress, CancellationToken cancellationToken)
    {
        state = state with { State = SourceState.Starting, NextAttempt = null };
        var checkpoint = await log.ReadCheckpointAsync(source.Name, cancellationToken);
        if (checkpoint is not null)
            writer.Recall(checkpoint);
        position = checkpoint?.Checkpoint.Position;
        (runStarted, progress) = (0, null);
        await foreach (var batch in source.ReadAsync(position, cancellationToken))
        {
            if (batch.Waits is { } waits)
            {
                state = state with { Problem = waits };
                LogWaiting(source.Name, waits.ToString());
                continue;
            }

            await writer.WriteAsync(batch, cancellationToken);
            // Acknowledging lets the source discard its copy, so it comes after the durable append and never before.
            await source.AcknowledgeAsync(batch.Position, cancellationToken);
            // A batch that only tells where the source stands again is no progress: what fails behind it fails once more.
            if (batch.Position != position)
                onProgress();
            position = batch.Position;
            Show(batch);
        }
    }

    private void Show(SourceBatch batch)
    {
        if (batch.Snapshot is { } read)
        {
            if (runStarted == 0)
                (runStarted, rowsAtStart) = (time.GetTimestamp(), read.RowsRead);
            progress = read;
        }
        else
        {
            // The first full read is over; a later failure must not show it again.
            progress = null;
        }

        var now = batch.Snapshot is null ? SourceState.Streaming : SourceState.Snapshot;
        if (state.State == now && state.Problem is null)
            return;
        if (now == SourceState.Snapshot)
            freshness.Forget(source.Name);
        state = new(now, time.GetUtcNow());
        LogState(source.Name, now);
    }

    private SnapshotStatus? SnapshotStatus()
    {
        if (progress is not { Relation.Length: > 0 } read || runStarted == 0)
            return null;
        var seconds = time.GetElapsedTime(runStarted).TotalSeconds;
        var rate = seconds > 0 ? (read.RowsRead - rowsAtStart) / seconds : 0;
        TimeSpan? left = rate > 0 ? TimeSpan.FromSeconds(Math.Max(0, read.RowsExpected - read.RowsRead) / rate) : null;
        return new(read.Relation, read.RowsRead, read.RowsExpected, rate, left);
    }

    private async Task WaitAsync(int failures, Exception failure, CancellationToken cancellationToken)
    {
        var delay = TimeSpan.FromTicks(Math.Min(options.MaxRestartDelay.Ticks, options.RestartDelay.Ticks << Math.Min(failures, 16)));
        delay += delay * (Random.Shared.NextDouble() / 5);
        var now = time.GetUtcNow();
        state = new(SourceState.Retrying, state.Problem is null ? now : state.Since, now + delay, FindingOf(failure));
        LogRestarting(source.Name, delay.TotalSeconds, failure.Message, failure is HubException ? null : failure);
        await Task.Delay(delay, time, cancellationToken);
    }

    private Finding FindingOf(Exception failure)
        => failure is HubException explained
            ? explained.Findings[0]
            : new(Codes.SourceFailed, Severity.Error, source.Name, failure.Message, "Hub tries again by itself; see its log for the whole failure.");

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "Source {Source} is now {State}")]
    private partial void LogState(string source, SourceState state);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "Source {Source} failed; restarts from its checkpoint in {Seconds:0.0} s: {Reason}")]
    private partial void LogRestarting(string source, double seconds, string reason, Exception? failure);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "Source {Source} is no longer this Hub's to read; it stands by")]
    private partial void LogTaken(string source);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "Source {Source} waits: {Reason}")]
    private partial void LogWaiting(string source, string reason);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Error, Message = "Source {Source} stopped: {Reason}")]
    private partial void LogStopped(string source, string reason);
}
