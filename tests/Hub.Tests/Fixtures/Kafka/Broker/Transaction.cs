using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The transactions of one transactional id, one after the other.</summary>
internal sealed class Transaction(BrokerState state, Producer first)
{
    private readonly HashSet<PartitionLog> partitions = [];
    private readonly Dictionary<(string Group, TopicPartition Place), CommittedOffset> offsets = [];
    private ITimer? timer;
    private int opened;
    private bool isOpen;
    private bool? outcome;

    public Producer Producer { get; private set; } = first;

    public TimeSpan Timeout { get; set; }

    public bool Holds(PartitionLog partition) => isOpen && partitions.Contains(partition);

    public void Add(PartitionLog partition)
    {
        Open();
        partitions.Add(partition);
    }

    /// <summary>Opens the transaction if it is not open yet; it is aborted when it is not ended in time.</summary>
    public void Open()
    {
        if (isOpen)
            return;
        (isOpen, outcome) = (true, null);
        var number = ++opened;
        timer = state.Time.CreateTimer(_ => Expire(number), null, Timeout, System.Threading.Timeout.InfiniteTimeSpan);
    }

    /// <summary>Offsets become the group's when the transaction commits.</summary>
    public ErrorCode Add(string group, TopicPartition place, CommittedOffset offset)
    {
        if (!isOpen)
            return ErrorCode.InvalidTxnState;
        offsets[(group, place)] = offset;
        return ErrorCode.NoError;
    }

    /// <summary>Ends the open transaction; asking again for the same end is answered alike.</summary>
    public ErrorCode End(bool commit)
    {
        if (!isOpen)
            return outcome == commit ? ErrorCode.NoError : ErrorCode.InvalidTxnState;
        (isOpen, outcome) = (false, commit);
        timer?.Dispose();
        foreach (var partition in partitions)
            partition.End(Producer, commit, state.Time.GetUtcNow());
        foreach (var ((group, place), offset) in offsets)
            if (commit)
                state.Group(group).Offsets[place] = offset;
        partitions.Clear();
        offsets.Clear();
        state.SignalGrowth();
        return ErrorCode.NoError;
    }

    /// <summary>A larger epoch, whose markers tell every partition of the open transaction to refuse the older.</summary>
    public void MoveOn()
    {
        Producer = Producer with { Epoch = (short)(Producer.Epoch + 1) };
        if (isOpen)
            End(commit: false);
        outcome = null;
    }

    private void Expire(int number)
    {
        lock (state.Gate)
        {
            // The timer may have fired while its transaction ended and the next began.
            if (isOpen && number == opened)
                MoveOn();
        }
    }
}
