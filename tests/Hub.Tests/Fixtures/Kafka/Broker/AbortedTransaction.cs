namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The records of the producer from the first offset up to the last, which is the marker's, never happened.</summary>
internal readonly record struct AbortedTransaction(long Producer, long First, long Last);
