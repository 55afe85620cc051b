using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Server.Ops;

namespace Hub.Server.Hosting;

/// <summary>Runs everything that moves records: a runner per source, the index sink, and what keeps the log in order.</summary>
/// <param name="tidyLog">Keeps the log in order until cancelled.</param>
internal sealed partial class Pipeline(
    ILog log, SchemaCatalog catalog, DeadLetterBook deadLetters, IndexSink sink, IReadOnlyList<SourceRunner> runners, IReadOnlyList<string> subjects, Func<CancellationToken, Task> tidyLog,
    HubState state, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Pipeline> logger) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    /// <summary>What the index is written from.</summary>
    public IReadOnlyList<string> Topics { get; } = [.. subjects, DeadLetterBook.Topic];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.NotReady = () => new(Codes.NotReady, Severity.Information, "hub", "Hub is starting.", "Ask again in a moment.");
        try
        {
            await GuardAsync("log", () => LoadAsync(stoppingToken), stoppingToken);
            if (state.Failure is not null)
                return;
            state.NotReady = () => state.Failure?.Findings[0];
            await Task.WhenAll([
                GuardAsync("index", () => sink.RunAsync(Topics, stoppingToken), stoppingToken),
                GuardAsync("log", () => tidyLog(stoppingToken), stoppingToken),
                GuardAsync("log", () => log.IsShared ? deadLetters.FollowAsync(log, stoppingToken) : Task.CompletedTask, stoppingToken),
                .. runners.Select(runner => runner.RunAsync(stoppingToken)),
            ]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task LoadAsync(CancellationToken stoppingToken)
    {
        await SchemaLedger.CheckAsync(log, catalog, stoppingToken);
        await deadLetters.LoadAsync(log, stoppingToken);
    }

    /// <summary>
    /// The sink and the log are Hub itself: when one of them fails, Hub stops and says so rather than go on half. What may pass,
    /// such as a cluster that cannot be reached, is waited for.
    /// </summary>
    private async Task GuardAsync(string part, Func<Task> run, CancellationToken stoppingToken)
    {
        for (var delay = FirstDelay; ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            var began = time.GetTimestamp();
            try
            {
                await run();
                return;
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                // What went well for a while is not made to wait for what failed long ago.
                if (time.GetElapsedTime(began) > MaxDelay)
                    delay = FirstDelay;
                LogWaiting(part, failure.Message, delay.TotalSeconds);
                await Task.Delay(delay, time, stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Stop(part, failure);
                return;
            }
        }
    }

    private void Stop(string part, Exception failure)
    {
        LogFailed(part, failure);
        state.Failure = failure as HubException ?? new(new Finding(
            Codes.Unexpected, Severity.Error, part, $"Hub's {part} failed: {failure.Message}",
            "Look at the disk's free space and at the lines above; nothing that was acknowledged is lost, and Hub goes on where it was when it is started again."), failure);
        lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Critical, Message = "Hub's {Part} failed; Hub stops")]
    private partial void LogFailed(string part, Exception failure);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Error, Message = "Hub's {Part} waits, and tries again in {Seconds} s: {Reason}")]
    private partial void LogWaiting(string part, string reason, double seconds);
}
