namespace Hub.Tests.Fixtures.Kafka;

/// <summary>A request that has come in.</summary>
/// <param name="Number">Counts the requests of its kind since the broker was made, from 1.</param>
/// <param name="Client">The client's <c>client.id</c>.</param>
public sealed record BrokerCall(ApiKey Key, int Number, string Client);
