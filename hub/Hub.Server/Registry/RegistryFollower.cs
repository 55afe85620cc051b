using Hub.Core.Log;
using Hub.Core.Ops;

namespace Hub.Server.Registry;

/// <summary>Keeps the registry current with the log, and this Hub the one that registers for as long as no other is.</summary>
internal sealed partial class RegistryFollower(SchemaRegistry registry, ILog log, TimeProvider time, ILogger<RegistryFollower> logger) : BackgroundService
{
    private const int ReadBytes = 1024 * 1024;

    private static readonly TimeSpan ReadWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(RepeatAsync(FollowAsync, registry.Suspend, stoppingToken), RepeatAsync(LeadAsync, _ => { }, stoppingToken));
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // Hub stops, maybe for the very reason that the log cannot be used, which is told where that is decided.
        }
    }

    /// <summary>A registry that cannot work is told and tried again; the records flow on without it.</summary>
    private async Task RepeatAsync(Func<CancellationToken, Task> run, Action<string> onFailure, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await run(stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                onFailure(failure is HubException explained ? explained.Findings[0].Message : "The log cannot be read.");
                LogFailed(RetryDelay, failure);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        await log.EnsureTopicAsync(SchemaRegistry.Topic, 1, stoppingToken);
        var end = (await log.ReadEndsAsync([SchemaRegistry.Topic], stoppingToken))[SchemaRegistry.Place];
        await using var reader = await log.OpenReaderAsync(
            SchemaRegistry.Source, [SchemaRegistry.Topic], new Dictionary<TopicPartition, long> { [SchemaRegistry.Place] = 0 }, stoppingToken);
        var batch = new LogBatch();
        for (var next = 0L; ; next = reader.NextOffsets.GetValueOrDefault(SchemaRegistry.Place))
        {
            registry.Apply(batch, next);
            if (next >= end)
                registry.Resume();
            await reader.ReadAsync(batch, ReadBytes, ReadWait, stoppingToken);
        }
    }

    private async Task LeadAsync(CancellationToken stoppingToken)
    {
        await using var lease = await log.AcquireAsync(SchemaRegistry.Source, stoppingToken);
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
        registry.IsPrimary = true;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, leading.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            LogTaken();
        }
        finally
        {
            registry.IsPrimary = false;
        }
    }

    [LoggerMessage(EventId = 5101, Level = LogLevel.Error, Message = "The schema registry cannot work; tries again in {Delay}")]
    private partial void LogFailed(TimeSpan delay, Exception failure);

    [LoggerMessage(EventId = 5102, Level = LogLevel.Warning, Message = "Schemas are registered by another Hub now")]
    private partial void LogTaken();
}
