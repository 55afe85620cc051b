namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>A member of a consumer group, its session, and the answer that it waits for.</summary>
internal sealed class GroupMember(string id, BrokerState state, Action<GroupMember> expired) : IDisposable
{
    private ITimer? session;
    private int touched;

    public string Id => id;

    public TimeSpan SessionTimeout { get; set; }

    public TimeSpan RebalanceTimeout { get; set; }

    /// <summary>The ways of assigning that the member knows, the best first, each with what the assigning member must know.</summary>
    public List<(string Name, ReadOnlyMemory<byte> Metadata)> Protocols { get; set; } = [];

    public ReadOnlyMemory<byte> Assignment { get; set; }

    public TaskCompletionSource<JoinAnswer>? Joining { get; set; }

    public TaskCompletionSource<SyncAnswer>? Syncing { get; set; }

    public bool Knows(string protocol) => Protocols.Exists(known => known.Name == protocol);

    public ReadOnlyMemory<byte> MetadataFor(string protocol) => Protocols.First(known => known.Name == protocol).Metadata;

    /// <summary>The member has been heard of.</summary>
    public void Touch()
    {
        Rest();
        var number = touched;
        session = state.Time.CreateTimer(_ => Expire(number), null, SessionTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A member that waits for the others cannot send heartbeats, so none are missed.</summary>
    public void Rest()
    {
        touched++;
        session?.Dispose();
    }

    public void Answer(JoinAnswer answer)
    {
        Joining?.TrySetResult(answer);
        Joining = null;
    }

    public void Answer(SyncAnswer answer)
    {
        Syncing?.TrySetResult(answer);
        Syncing = null;
    }

    public void Dispose() => Rest();

    private void Expire(int number)
    {
        lock (state.Gate)
        {
            // It may have been heard of while the timer fired.
            if (number == touched)
                expired(this);
        }
    }
}
