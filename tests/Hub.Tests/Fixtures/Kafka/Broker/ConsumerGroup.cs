using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>
/// A consumer group as the coordinator sees it: everybody joins, the leader assigns, everybody learns its part; a member that comes, goes or
/// falls silent begins this again. Who gets what, and whether partitions are kept meanwhile, is the members' affair.
/// </summary>
internal sealed class ConsumerGroup(BrokerState state)
{
    private enum Phase { Empty, Joining, Syncing, Stable }

    private readonly Dictionary<string, GroupMember> members = new(StringComparer.Ordinal);
    private Phase phase;
    private int generation;
    private int rebalances;
    private string leader = "";
    private string protocol = "";
    private ITimer? barrier;

    public Dictionary<TopicPartition, CommittedOffset> Offsets { get; } = [];

    public Task<JoinAnswer> JoinAsync(string id, TimeSpan sessionTimeout, TimeSpan rebalanceTimeout, List<(string Name, ReadOnlyMemory<byte> Metadata)> protocols)
    {
        if (id.Length > 0 && !members.ContainsKey(id))
            return Task.FromResult(new JoinAnswer(ErrorCode.UnknownMemberId));
        if (!protocols.Any(mine => members.Values.All(other => other.Id == id || other.Knows(mine.Name))))
            return Task.FromResult(new JoinAnswer(ErrorCode.InconsistentGroupProtocol));
        var member = id.Length > 0 ? members[id] : NewMember();
        (member.SessionTimeout, member.RebalanceTimeout, member.Protocols) = (sessionTimeout, rebalanceTimeout, protocols);
        member.Answer(new JoinAnswer(ErrorCode.UnknownMemberId));
        member.Joining = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = member.Joining.Task;
        member.Rest();
        Rebalance();
        return answer;
    }

    public Task<SyncAnswer> SyncAsync(string id, int asOf, Dictionary<string, ReadOnlyMemory<byte>> assignments)
    {
        if (Check(id, asOf) is var error && error != ErrorCode.NoError)
            return Task.FromResult(new SyncAnswer(error));
        var member = members[id];
        member.Touch();
        if (phase != Phase.Syncing)
            return Task.FromResult(phase == Phase.Stable ? new(ErrorCode.NoError, member.Assignment) : new SyncAnswer(ErrorCode.RebalanceInProgress));
        member.Syncing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = member.Syncing.Task;
        if (id == leader)
            Assign(assignments);
        return answer;
    }

    public ErrorCode Heartbeat(string id, int asOf)
    {
        if (Check(id, asOf) is var error && error != ErrorCode.NoError)
            return error;
        members[id].Touch();
        return phase == Phase.Joining ? ErrorCode.RebalanceInProgress : ErrorCode.NoError;
    }

    public ErrorCode Leave(string id)
    {
        if (!members.TryGetValue(id, out var member))
            return ErrorCode.UnknownMemberId;
        Remove(member);
        return ErrorCode.NoError;
    }

    public void ExpireSessions()
    {
        foreach (var member in members.Values.ToArray())
            Remove(member);
    }

    /// <summary>Whether a commit is the group's: a member's of this generation, or anybody's while there are no members.</summary>
    public ErrorCode CheckCommit(string id, int asOf)
    {
        if (asOf < 0 && id.Length == 0)
            return members.Count == 0 ? ErrorCode.NoError : ErrorCode.UnknownMemberId;
        if (Check(id, asOf) is var error && error != ErrorCode.NoError)
            return error;
        members[id].Touch();
        return phase == Phase.Syncing ? ErrorCode.RebalanceInProgress : ErrorCode.NoError;
    }

    private ErrorCode Check(string id, int asOf)
        => !members.ContainsKey(id) ? ErrorCode.UnknownMemberId : asOf != generation ? ErrorCode.IllegalGeneration : ErrorCode.NoError;

    private GroupMember NewMember()
    {
        var member = new GroupMember($"member-{Guid.NewGuid()}", state, Remove);
        members.Add(member.Id, member);
        return member;
    }

    private void Rebalance()
    {
        if (phase != Phase.Joining)
        {
            phase = Phase.Joining;
            foreach (var member in members.Values)
                member.Answer(new SyncAnswer(ErrorCode.RebalanceInProgress));
            var number = ++rebalances;
            barrier = state.Time.CreateTimer(_ => EndBarrier(number), null, members.Values.Max(member => member.RebalanceTimeout), Timeout.InfiniteTimeSpan);
        }

        if (members.Values.All(member => member.Joining is not null))
            EndJoining();
    }

    private void EndJoining()
    {
        barrier?.Dispose();
        generation++;
        phase = Phase.Syncing;
        if (!members.ContainsKey(leader))
            leader = members.Keys.First();
        protocol = members[leader].Protocols.Select(known => known.Name).First(name => members.Values.All(member => member.Knows(name)));
        (string, ReadOnlyMemory<byte>)[] everybody = [.. members.Values.Select(member => (member.Id, member.MetadataFor(protocol)))];
        foreach (var member in members.Values)
        {
            member.Answer(new JoinAnswer(ErrorCode.NoError, generation, protocol, leader, member.Id) { Members = member.Id == leader ? everybody : [] });
            member.Touch();
        }
    }

    private void Assign(Dictionary<string, ReadOnlyMemory<byte>> assignments)
    {
        phase = Phase.Stable;
        foreach (var member in members.Values)
        {
            member.Assignment = assignments.GetValueOrDefault(member.Id);
            member.Answer(new SyncAnswer(ErrorCode.NoError, member.Assignment));
        }
    }

    private void Remove(GroupMember member)
    {
        members.Remove(member.Id);
        member.Dispose();
        member.Answer(new JoinAnswer(ErrorCode.UnknownMemberId));
        member.Answer(new SyncAnswer(ErrorCode.UnknownMemberId));
        if (members.Count > 0)
        {
            Rebalance();
            return;
        }

        barrier?.Dispose();
        (phase, generation) = (Phase.Empty, generation + 1);
    }

    // Who has not come back by then is out; the others go on without.
    private void EndBarrier(int number)
    {
        lock (state.Gate)
        {
            if (phase != Phase.Joining || number != rebalances)
                return;
            foreach (var member in members.Values.Where(member => member.Joining is null).ToArray())
                Remove(member);
        }
    }
}
