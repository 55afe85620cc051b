namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>
/// A kind of request in the one version that the broker reads. Clients use the newest version that both sides know, so the older ones, which
/// librdkafka takes as a sign of what a broker can do, are never sent.
/// </summary>
/// <param name="IsFlexible">Whether the version uses the newer encoding.</param>
internal sealed record Api(short Version, bool IsFlexible, Func<BrokerRequest, ValueTask> AnswerAsync);
