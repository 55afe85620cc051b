namespace Hub.Tests.Fixtures.Kafka;

/// <summary>What a partition holds, control records left out.</summary>
/// <param name="All">Records that a <c>read_uncommitted</c> reader gets.</param>
/// <param name="Committed">Records that a <c>read_committed</c> reader gets, now or once older open transactions have ended.</param>
public sealed record PartitionCounts(long All, long Committed, long HighWatermark, long LastStable);
