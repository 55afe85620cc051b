namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>How far a group has come in a partition, with the words that it left there.</summary>
internal readonly record struct CommittedOffset(long Offset, string? Note);
