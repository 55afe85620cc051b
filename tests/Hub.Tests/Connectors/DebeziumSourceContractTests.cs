using Hub.Connectors.Debezium;
using Hub.Core.Mapping;
using Hub.Core.Sources;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using static Hub.Tests.Connectors.DebeziumChangeTests;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// The contract, with a connector's records in a topic of librdkafka's own cluster. It has one partition: the contract's cases take the
/// changes of different keys to arrive in upstream's order, which partitions keep for each key only.
/// </summary>
public sealed class DebeziumSourceContractTests : SourceContract
{
    private const string Heartbeats = "__debezium-heartbeat.fin";

    protected override Task<IUpstream> OpenAsync()
    {
        var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic("fin.public.thing", 1);
        cluster.CreateTopic(Heartbeats, 1);
        return Task.FromResult<IUpstream>(new Upstream(cluster));
    }

    private sealed class Upstream(LibrdkafkaCluster cluster) : IUpstream
    {
        private readonly DebeziumUpstream connector = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        private readonly DebeziumTopicKit topics = new(cluster.Bootstrap);
        private readonly HashSet<string> ids = new(StringComparer.Ordinal);
        private long lsn = 24_023_128;

        public ISource CreateSource() => new DebeziumSource(
            new()
            {
                Name = "things", Place = "things.yaml", Bootstrap = cluster.Bootstrap, TopicPrefix = "fin", Form = DebeziumForm.JsonSchemaless, SignalTopics = [Heartbeats],
                MaxBatchBytes = 2_000, Timeout = TimeSpan.FromSeconds(5),
                Tables =
                [
                    new()
                    {
                        Table = "public.thing", Subject = Things.Subject, Key = ["id"], Place = "things.yaml:6:5",
                        Fields = [new() { Field = "id", Column = "id", Place = "" }, new() { Field = "name", Column = "name", Place = "" }],
                    },
                ],
            },
            TimeProvider.System);

        public async Task PutAsync(string id, string name)
        {
            await topics.WriteAsync(connector.Topic, 0, connector.Change(ids.Add(id) ? "c" : "u", null, DebeziumChangeTests.Thing(id, name), At(lsn += 100)));
            await BeatAsync();
        }

        public async Task DeleteAsync(string id)
        {
            ids.Remove(id);
            await topics.WriteAsync(
                connector.Topic, 0, connector.Change("d", DebeziumChangeTests.Thing(id, null), null, At(lsn += 100)), connector.Tombstone(DebeziumChangeTests.Thing(id, null)));
            await BeatAsync();
        }

        public async ValueTask DisposeAsync()
        {
            topics.Dispose();
            await cluster.DisposeAsync();
        }

        private Task BeatAsync() => topics.WriteAsync(Heartbeats, 0, DebeziumTopicKit.Heartbeat(TimeProvider.System.GetUtcNow()));
    }
}
