namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>One life of a producer; the next with the same transactional id has the same id and a larger epoch.</summary>
internal readonly record struct Producer(long Id, short Epoch)
{
    public static readonly Producer None = new(-1, -1);
}
