namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Where the one broker listens.</summary>
internal sealed record BrokerAddress(int Port)
{
    public const int NodeId = 1;
    public const string Host = "127.0.0.1";
}
