using Confluent.Kafka;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Connectors.DebeziumChangeTests;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// Two schemas of one table in one topic, record by record: both tasks of a connector write while it is renewed, and records that it sends
/// twice have the older one. Source: https://debezium.io/documentation/reference/stable/configuration/avro.html.
/// </summary>
public sealed class DebeziumSchemaChangeTests
{
    public static TheoryData<DebeziumWriting> Writings => [.. Enum.GetValues<DebeziumWriting>()];

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Schemas_that_alternate_have_one_shape_each(DebeziumWriting writing)
    {
        var (older, newer) = Both(writing);
        var reading = new DebeziumReading(older, columns: ["id", "name"]);
        var records = Alternating(older, newer, 20);
        var changes = await reading.ReadAsync(records);
        Assert.Equal(2, Enumerable.Range(0, reading.Batch.Count).Select(i => reading.Batch[i].Shape).Distinct().Count());
        Assert.All(changes, (change, i) =>
        {
            Assert.Equal($"{i}", change.Row["name"]);
            Assert.Equal(i % 2 == 1, change.Row.ContainsKey("added"));
        });
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Schemas_that_alternate_cost_nothing_more(DebeziumWriting writing)
    {
        var (older, newer) = Both(writing);
        var reading = new DebeziumReading(older, columns: ["id", "name"]);
        var records = Alternating(older, newer, 2);
        const int Rounds = 500;
        await Decode();
        reading.Batch.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        await Decode();
        var perRecord = (GC.GetAllocatedBytesForCurrentThread() - before) / (2.0 * Rounds);
        // The record that the reading wraps each time is of the test.
        Assert.True(perRecord < 200, $"{perRecord} bytes a record");

        async Task Decode()
        {
            for (var i = 0; i < Rounds; i++)
                foreach (var record in records)
                    await reading.DecodeAsync(record, 1);
        }
    }

    /// <summary>A connector that renames its columns all the time fills no memory.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Of_ever_new_schemas_the_older_ones_are_forgotten_and_read_again(DebeziumWriting writing)
    {
        var registry = new Dictionary<int, string>();
        var upstreams = Enumerable.Range(0, 20).Select(i => Other(writing, $"c{i}", 1_000 + (i * 10), registry)).ToList();
        var reading = new DebeziumReading(upstreams[0], columns: ["id", "name"]);
        for (var turn = 0; turn < 2; turn++)
            foreach (var (upstream, i) in upstreams.Select((upstream, i) => (upstream, i)))
                Assert.Equal("x", (await reading.ReadAsync(upstream.Change("c", null, Row(("id", "1"), ("name", "n"), ($"c{i}", "x")), At(1))))[^1].Row[$"c{i}"]);
    }

    /// <summary>A delete of the older schema behind a row of the newer: its key is found by the columns of its own.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_delete_between_two_schemas_is_of_its_own_key(DebeziumWriting writing)
    {
        var (older, newer) = Both(writing);
        var reading = new DebeziumReading(older, columns: ["id", "name"]);
        var changes = await reading.ReadAsync(
            older.Change("c", null, Thing("1", "a"), At(1)), newer.Change("c", null, Row(("added", "x"), ("id", "2"), ("name", "b")), At(2)), older.Change("d", Thing("1", null), null, At(3)),
            newer.Change("d", Row(("added", null), ("id", "2"), ("name", null)), null, At(4)), older.Tombstone(Thing("3", null)));
        Assert.Equal([(Operation.Delete, "1"), (Operation.Delete, "2"), (Operation.Delete, "3")], changes.Skip(2).Select(change => (change.Operation, change.Row["id"]!)));
    }

    private static Message<byte[], byte[]>[] Alternating(DebeziumUpstream older, DebeziumUpstream newer, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => i % 2 == 0
            ? older.Change("c", null, Thing($"{i}", $"{i}"), At(i + 1)) : newer.Change("c", null, Row(("added", "x"), ("id", $"{i}"), ("name", $"{i}")), At(i + 1))),
    ];

    private static (DebeziumUpstream Older, DebeziumUpstream Newer) Both(DebeziumWriting writing)
    {
        var older = DebeziumChangeTests.Thing("postgresql", writing);
        return (older, new("postgresql", "public.thing", writing, [("added", new("string")), ("id", new("string") { Optional = false }), ("name", new("string"))], "id") { FirstId = 200, Schemas = older.Schemas });
    }

    private static DebeziumUpstream Other(DebeziumWriting writing, string column, int firstId, Dictionary<int, string> registry)
        => new("postgresql", "public.thing", writing, [("id", new("string") { Optional = false }), ("name", new("string")), (column, new("string"))]) { FirstId = firstId, Schemas = registry };
}
