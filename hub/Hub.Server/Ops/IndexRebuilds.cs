using System.Collections.Concurrent;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Hub.Index.Elasticsearch;
using Hub.Server.Hosting;

namespace Hub.Server.Ops;

/// <summary>
/// Runs the rebuilds that operators ask for beside everything else, and those that a stop cut off when Hub starts again. Of several Hubs that share
/// the index, one does it: the one that holds the lease.
/// </summary>
internal sealed partial class IndexRebuilds(
    ElasticsearchIndex index, ILog log, IndexSink sink, HubOptions options, TimeProvider time, ILogger<IndexRebuilds> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Running> running = new(StringComparer.Ordinal);

    // What operators ask for is done one after the other: each looks at how things stand, and then changes it.
    private readonly SemaphoreSlim turn = new(1, 1);
    private CancellationToken stopping = CancellationToken.None;

    private sealed record Running(CancellationTokenSource Stop)
    {
        public RebuildProgress? Progress { get; set; }

        public HubException? Failure { get; set; }

        public bool IsOver { get; set; }

        public Task Work { get; set; } = Task.CompletedTask;
    }

    /// <summary>How each subject's index stands.</summary>
    public async Task<IReadOnlyList<IndexView>> ReadAsync(CancellationToken cancellationToken)
    {
        var numbers = await index.ReadGenerationsAsync(cancellationToken);
        return [.. numbers.Select(one => ViewOf(one, running.GetValueOrDefault(one.Subject)))];
    }

    private static IndexView ViewOf(GenerationNumbers numbers, Running? work) => new(
        numbers.Subject, numbers.Live, numbers.Building, numbers.Kept, work is { IsOver: false },
        work?.Progress?.Phase, work?.Progress?.Read, work?.Progress?.Left, work?.Progress?.Difference?.Documents, work?.Failure?.Findings ?? []);

    /// <summary>Begins a rebuild, or goes on with one that failed; it is not forgotten when this returns.</summary>
    /// <exception cref="HubException">There is no such subject, it is being built, or an earlier generation is kept.</exception>
    public Task BeginAsync(string subject, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            CheckIdle(subject);
            await index.BeginRebuildAsync(log, sink.Group, subject, cancellationToken);
            Start(subject);
        }, cancellationToken);

    /// <summary>Begins to go back to the generation that is kept.</summary>
    /// <exception cref="HubException">There is no such subject, it is being built, or none is kept.</exception>
    public Task RollBackAsync(string subject, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            CheckIdle(subject);
            await index.BeginRollBackAsync(log, sink.Group, subject, cancellationToken);
            Start(subject);
        }, cancellationToken);

    public Task CancelAsync(string subject, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            if (running.TryRemove(subject, out var work))
            {
                await work.Stop.CancelAsync();
                await work.Work;
            }

            await index.CancelRebuildAsync(log, sink.Group, subject, cancellationToken);
        }, cancellationToken);

    public Task DropKeptAsync(string subject, CancellationToken cancellationToken)
        => InTurnAsync(() => index.DropKeptAsync(log, sink.Group, subject, cancellationToken), cancellationToken);

    public override void Dispose()
    {
        turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        stopping = stoppingToken;
        try
        {
            foreach (var one in await FindCutOffAsync(stoppingToken))
                Start(one.Subject);
            using var timer = new PeriodicTimer(PurgeInterval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await PurgeAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(running.Values.Select(work => work.Work));
        }
    }

    private async Task<IReadOnlyList<GenerationNumbers>> FindCutOffAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                // The index is there once the sink has attached it.
                if (index.Identity is not null)
                    return [.. (await index.ReadGenerationsAsync(cancellationToken)).Where(one => one.Building is not null)];
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                // The sink says so already.
            }

            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    private async Task PurgeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var count = await index.PurgeDeleteMarkersAsync(options.Elasticsearch.KeepDeleteMarkers, cancellationToken);
            if (count > 0)
                LogPurged(count);
        }
        catch (HubException failure)
        {
            LogNotPurged(failure.Message);
        }
    }

    private async Task InTurnAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await act();
        }
        finally
        {
            turn.Release();
        }
    }

    private void CheckIdle(string subject)
    {
        if (running.TryGetValue(subject, out var earlier) && !earlier.IsOver)
            throw new HubException(new Finding(Codes.IndexGenerations, Severity.Error, subject, "the index is being built already.", $"See how far it is: hub reindex {subject} --status"));
    }

    private void Start(string subject)
    {
        var next = new Running(CancellationTokenSource.CreateLinkedTokenSource(stopping));
        running[subject] = next;
        next.Work = Task.Run(() => RunAsync(subject, next), CancellationToken.None);
    }

    private async Task RunAsync(string subject, Running current)
    {
        try
        {
            await using var lease = await log.AcquireAsync($"hub-rebuild-{options.Elasticsearch.Prefix}{subject}", current.Stop.Token);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(current.Stop.Token, lease.Lost);
            LogBegun(subject);
            await PersistAsync(subject, current, stop.Token);
            LogDone(subject, current.Progress?.Generation ?? 0);
        }
        catch (OperationCanceledException) when (current.Stop.IsCancellationRequested)
        {
            // It goes on when Hub starts again, or was given up.
        }
        catch (Exception failure)
        {
            current.Failure = failure as HubException ?? new(new Finding(Codes.Unexpected, Severity.Error, subject, $"the rebuild failed: {failure.Message}", $"Go on with: hub reindex {subject}"), failure);
            LogFailed(subject, failure);
        }
        finally
        {
            current.IsOver = true;
        }
    }

    /// <summary>What may pass, such as an engine that cannot be reached, is waited for.</summary>
    private async Task PersistAsync(string subject, Running current, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await index.RebuildAsync(log, sink.Group, subject, progress => current.Progress = progress, cancellationToken);
                return;
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                LogWaiting(subject, failure.Message);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(EventId = 5301, Level = LogLevel.Information, Message = "The index of {Subject} is built anew from the log; searches and writes go on")]
    private partial void LogBegun(string subject);

    [LoggerMessage(EventId = 5302, Level = LogLevel.Information, Message = "The index of {Subject} is generation {Generation} now; the earlier one is kept")]
    private partial void LogDone(string subject, int generation);

    [LoggerMessage(EventId = 5303, Level = LogLevel.Error, Message = "The index of {Subject} could not be built anew; searches go on in the one that there is")]
    private partial void LogFailed(string subject, Exception failure);

    [LoggerMessage(EventId = 5304, Level = LogLevel.Warning, Message = "Building the index of {Subject} waits: {Reason}")]
    private partial void LogWaiting(string subject, string reason);

    [LoggerMessage(EventId = 5305, Level = LogLevel.Information, Message = "{Count} delete markers of the index were old enough to be forgotten")]
    private partial void LogPurged(long count);

    [LoggerMessage(EventId = 5306, Level = LogLevel.Warning, Message = "Delete markers could not be forgotten, and are tried again in an hour: {Reason}")]
    private partial void LogNotPurged(string reason);
}
