using Hub.Core.DeadLetters;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Log.Sqlite;
using Hub.Server.Ops;

namespace Hub.Server.Hosting;

/// <summary>Runs everything that moves records: a runner per source, the index sink, and the compaction of the log.</summary>
internal sealed partial class Pipeline(
    SqliteLog log, DeadLetterBook deadLetters, IndexSink sink, IReadOnlyList<SourceRunner> runners, IReadOnlyList<string> subjects,
    HubState state, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Pipeline> logger) : BackgroundService
{
    private static readonly TimeSpan CompactionInterval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.NotReady = () => new(Codes.NotReady, Severity.Information, "hub", "Hub is starting.", "Ask again in a moment.");
        try
        {
            await GuardAsync("log", () => deadLetters.LoadAsync(log, stoppingToken), stoppingToken);
            if (state.Failure is not null)
                return;
            state.NotReady = () => state.Failure?.Findings[0];
            await Task.WhenAll([
                GuardAsync("index", () => sink.RunAsync([.. subjects, DeadLetterBook.Topic], stoppingToken), stoppingToken),
                GuardAsync("log", () => CompactAsync(stoppingToken), stoppingToken),
                .. runners.Select(runner => runner.RunAsync(stoppingToken)),
            ]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>The sink and the log are Hub itself: when one of them fails, Hub stops and says so rather than go on half.</summary>
    private async Task GuardAsync(string part, Func<Task> run, CancellationToken stoppingToken)
    {
        try
        {
            await run();
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(part, failure);
            state.Failure = failure as HubException ?? new(new Finding(
                Codes.Unexpected, Severity.Error, part, $"Hub's {part} failed: {failure.Message}",
                "Look at the disk's free space and at the lines above; nothing that was acknowledged is lost, and Hub goes on where it was when it is started again."), failure);
            lifetime.StopApplication();
        }
    }

    private async Task CompactAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CompactionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await log.CompactAsync(null, stoppingToken);
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Critical, Message = "Hub's {Part} failed; Hub stops")]
    private partial void LogFailed(string part, Exception failure);
}
