using Hub.Core.Ops;
using Hub.Core.Sinks;

namespace Hub.Tests.Engine;

/// <summary>The loop from the log to the index, begun again when it fails for a reason that may pass, as Hub does it.</summary>
internal sealed class RestartedSink : IAsyncDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly Task running;

    public RestartedSink(Func<IndexSink> make, IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running = RunAsync(make, topics);
    }

    /// <summary>Why it began again, in order.</summary>
    public IReadOnlyList<Finding> Failures
    {
        get
        {
            lock (failures)
                return [.. failures];
        }
    }

    private readonly List<Finding> failures = [];

    /// <summary>Fails as the loop failed, when it was for good.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync(Func<IndexSink> make, IReadOnlyCollection<string> topics)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await make().RunAsync(topics, stop.Token);
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                lock (failures)
                    failures.AddRange(failure.Findings);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
        }
    }
}
