using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

internal sealed record JoinAnswer(ErrorCode Error, int Generation = -1, string Protocol = "", string Leader = "", string Member = "")
{
    /// <summary>For the leader alone: everybody, and what each told.</summary>
    public IReadOnlyList<(string Id, ReadOnlyMemory<byte> Metadata)> Members { get; init; } = [];
}

internal sealed record SyncAnswer(ErrorCode Error, ReadOnlyMemory<byte> Assignment = default);
