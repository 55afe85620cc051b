using Hub.Tests.Fixtures.Kafka;

namespace Hub.Tests.Crash;

/// <summary>
/// A step of a transaction that the broker does not let a Hub get past, so that the Hub can be killed right there. For one life of a Hub.
/// </summary>
/// <param name="isDone">Whether the broker still does what it is asked, and only its answer does not come.</param>
/// <param name="skip">How many of the kind go well before.</param>
internal sealed class KillPoint(string client, ApiKey key, bool isDone, int skip)
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource dead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int met;

    /// <summary>Ends when the Hub has asked for the step.</summary>
    public Task Reached => reached.Task;

    /// <summary>The broker's rule.</summary>
    public BrokerFault? Hold(BrokerCall call)
    {
        if (call.Client != client || call.Key != key || Interlocked.Increment(ref met) <= skip)
            return null;
        reached.TrySetResult();
        return isDone ? new BrokerFault.HoldAfter(dead.Task) : new BrokerFault.HoldBefore(dead.Task);
    }

    /// <summary>The Hub is gone: what is held is never done.</summary>
    public void Bury() => dead.TrySetCanceled();

    public override string ToString() => $"{key} {skip + 1} {(isDone ? "done and not answered" : "not done")}";
}
