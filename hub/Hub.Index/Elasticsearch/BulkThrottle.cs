namespace Hub.Index.Elasticsearch;

/// <summary>How many bulk requests may be under way: half as many when the engine says that it is too busy, one more after a while without that.</summary>
internal sealed class BulkThrottle
{
    private const int CalmRequests = 16;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly int most;
    private readonly TimeProvider time;
    private readonly Lock state = new();
    private readonly Queue<TaskCompletionSource> waiting = [];
    private int running;
    private int calm;

    public BulkThrottle(int most, TimeProvider time) => (this.most, this.time, Limit) = (most, time, most);

    /// <summary>The bound at present.</summary>
    public int Limit { get; private set; }

    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (state)
        {
            if (running < Limit)
            {
                running++;
                return;
            }

            waiting.Enqueue(turn = new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        // Whoever gives up is passed over when its turn comes; it must not take the room with it.
        await using var given = cancellationToken.UnsafeRegister(static (waiter, token) => ((TaskCompletionSource)waiter!).TrySetCanceled(token), turn);
        await turn.Task;
    }

    /// <param name="wasBusy">Whether the engine refused something of the request at first.</param>
    public void Leave(bool wasBusy)
    {
        lock (state)
        {
            running--;
            if (!wasBusy && ++calm >= CalmRequests && Limit < most)
                (Limit, calm) = (Limit + 1, 0);
            while (running < Limit && waiting.TryDequeue(out var next))
                if (next.TrySetResult())
                    running++;
        }
    }

    /// <summary>The engine is too busy.</summary>
    public void Slow()
    {
        lock (state)
            (Limit, calm) = (Math.Max(1, Limit / 2), 0);
    }

    /// <summary>A pause before what was refused is sent again.</summary>
    /// <param name="tried">How often it was sent in vain, from 1.</param>
    /// <param name="asked">How long the engine wants it to be, if it says so.</param>
    public Task PauseAsync(int tried, TimeSpan? asked, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(tried - 1, 16))) * (0.5 + Random.Shared.NextDouble() / 2);
        if (asked > pause)
            pause = asked < LongestPause ? asked.Value : LongestPause;
        return Task.Delay(pause, time, cancellationToken);
    }
}
