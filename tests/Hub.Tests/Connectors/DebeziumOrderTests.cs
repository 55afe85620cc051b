using System.Text;
using Confluent.Kafka;
using Hub.Connectors.Debezium;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Connectors.DebeziumChangeTests;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// Versions where the order of commits and the source block disagree. Sources:
/// https://debezium.io/documentation/reference/stable/transformations/event-flattening.html#extract-new-record-state-delete-tombstone-handling-mode,
/// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-tombstone-events,
/// connectors/postgresql.html#postgresql-primary-key-updates, connectors/mysql.html#mysql-incremental-snapshots.
/// </summary>
public sealed class DebeziumOrderTests
{
    public static TheoryData<DebeziumWriting> Writings => [.. Enum.GetValues<DebeziumWriting>()];

    /// <summary>
    /// The delete has no version but the highest of its partition, which is of another row. The row that the same long transaction
    /// makes anew has a lower address.
    /// </summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_row_made_anew_behind_a_lone_tombstone_is_not_older_than_the_delete(DebeziumWriting writing)
    {
        var (upstream, reading) = Flattened(writing);
        var changes = await reading.ReadAsync(
            upstream.Flat(Thing("1", "a"), ("__op", "c"), ("__lsn", 100L)), upstream.Flat(Thing("2", "b"), ("__op", "c"), ("__lsn", 300L)),
            upstream.Tombstone(Thing("1", null)), upstream.Flat(Thing("1", "anew"), ("__op", "c"), ("__lsn", 210L)), upstream.Flat(Thing("1", "later"), ("__op", "u"), ("__lsn", 310L)));
        Assert.Equal([(Operation.Delete, 300L), (Operation.Create, 300L), (Operation.Update, 310L)], changes.Skip(2).Select(change => (change.Operation, change.Version)));
        Assert.Equal(300, reading.Place.Floor);
    }

    /// <summary>delete.handling.mode=none with drop.tombstones=false, and delete.tombstone.handling.mode=rewrite-with-tombstone.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Of_two_records_of_one_delete_the_second_says_nothing(DebeziumWriting writing)
    {
        var (upstream, reading) = Flattened(writing);
        var first = upstream.Tombstone(Thing("1", null));
        first.Headers = new() { { "__op", "d"u8.ToArray() }, { "__lsn", "200"u8.ToArray() } };
        var changes = await reading.ReadAsync(
            upstream.Flat(Thing("2", "b"), ("__op", "c"), ("__lsn", 300L)), first, upstream.Tombstone(Thing("1", null)), upstream.Flat(Thing("1", "anew"), ("__op", "c"), ("__lsn", 210L)),
            upstream.Flat(Thing("1", null), ("__op", "d"), ("__lsn", 220L), ("__deleted", "true")), upstream.Tombstone(Thing("1", null)), upstream.Flat(Thing("1", "again"), ("__op", "c"), ("__lsn", 230L)));
        Assert.Equal(
            [(Operation.Create, 300L), (Operation.Delete, 200L), (Operation.Create, 210L), (Operation.Delete, 220L), (Operation.Create, 230L)],
            changes.Select(change => (change.Operation, change.Version)));
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_tombstone_that_a_restart_parts_from_its_delete_still_says_nothing(DebeziumWriting writing)
    {
        var (upstream, before) = Postgres(writing);
        Assert.Single(await before.ReadAsync(upstream.Change("d", Thing("1", null), null, At(500))));
        var saved = new DebeziumPosition(new() { [upstream.Topic] = new(null, [before.Place]) }).ToSourcePosition();
        var after = new DebeziumReading(upstream, place: DebeziumPosition.Parse(saved).Topics[upstream.Topic].Partitions[0], columns: ["id", "name"]);
        Assert.Empty(await after.ReadAsync(upstream.Tombstone(Thing("1", null))));
    }

    /// <summary>A MySQL row of an incremental snapshot has an empty binlog file.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_flattened_row_of_an_incremental_snapshot_is_as_new_as_what_stands_before_it(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("mysql", writing);
        var reading = new DebeziumReading(upstream, isFlattened: true, columns: ["id", "name"]);
        var changes = await reading.ReadAsync(
            upstream.Flat(Thing("1", "a"), ("__op", "u"), ("__file", "mysql-bin.000003"), ("__pos", 154L), ("__row", 0L)), upstream.Flat(Thing("1", "b"), ("__op", "r"), ("__file", ""), ("__pos", 0L), ("__row", 0L)));
        Assert.Equal([(Operation.Update, changes[0].Version), (Operation.Snapshot, changes[0].Version)], changes.Select(change => (change.Operation, change.Version)));
    }

    /// <summary>The connector's header on both records of a changed key names the other key, in the form of the header converter.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task The_headers_of_a_changed_key_change_nothing(DebeziumWriting writing)
    {
        foreach (var isFlattened in new[] { false, true })
        {
            var upstream = DebeziumChangeTests.Thing("postgresql", writing);
            var reading = new DebeziumReading(upstream, isFlattened, columns: ["id", "name"]);
            var (gone, come) = isFlattened
                ? (upstream.Flat(Thing("1", null), ("__op", "d"), ("__lsn", 500L), ("__deleted", "true")), upstream.Flat(Thing("9", "a"), ("__op", "c"), ("__lsn", 500L), ("__deleted", "false")))
                : (upstream.Change("d", Thing("1", null), null, At(500)), upstream.Change("c", null, Thing("9", "a"), At(500)));
            gone.Headers = new() { { "__debezium.newkey", upstream.Key(Thing("9", null)) } };
            come.Headers = new() { { "__debezium.oldkey", upstream.Key(Thing("1", null)) }, { "__debezium.context.connectorName", "postgresql"u8.ToArray() } };
            var changes = await reading.ReadAsync(gone, upstream.Tombstone(Thing("1", null)), come);
            Assert.Equal([(Operation.Delete, "1", 500L), (Operation.Create, "9", 500L)], changes.Select(change => (change.Operation, change.Row["id"]!, change.Version)));
        }
    }

    /// <summary>key.converter and value.converter are two settings.</summary>
    [Theory]
    [InlineData(DebeziumWriting.Avro, """{"id":"1"}""")]
    [InlineData(DebeziumWriting.Json, """{"id":"1"}""")]
    [InlineData(DebeziumWriting.JsonSchemaless, """{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],"optional":false},"payload":{"id":"1"}}""")]
    [InlineData(DebeziumWriting.Avro, "Struct{id=1}")]
    [InlineData(DebeziumWriting.Json, "Struct{id=1}")]
    [InlineData(DebeziumWriting.JsonSchemaless, "Struct{id=1}")]
    public async Task A_delete_whose_key_another_converter_wrote_is_a_delete(DebeziumWriting writing, string key)
    {
        var (upstream, reading) = Postgres(writing);
        var (deleted, tombstone) = (upstream.Change("d", Thing("1", null), null, At(500)), upstream.Tombstone(Thing("1", null)));
        deleted.Key = tombstone.Key = Encoding.UTF8.GetBytes(key);
        var change = Assert.Single(await reading.ReadAsync(deleted, tombstone));
        Assert.Equal((Operation.Delete, "1", 500L), (change.Operation, change.Row["id"], change.Version));
        Assert.Null(reading.Batch.NoteOf(0));
    }

    [Theory]
    [InlineData(DebeziumWriting.Json, """{"id":"1"}""")]
    [InlineData(DebeziumWriting.JsonSchemaless, """{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],"optional":false},"payload":{"id":"1"}}""")]
    public async Task A_lone_tombstone_is_known_by_a_key_with_or_without_its_schema(DebeziumWriting writing, string key)
    {
        var (_, reading) = Postgres(writing);
        var change = Assert.Single(await reading.ReadAsync(new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(key), Value = null! }));
        Assert.Equal((Operation.Delete, "1"), (change.Operation, change.Row["id"]));
    }

    private static (DebeziumUpstream Upstream, DebeziumReading Reading) Flattened(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        return (upstream, new(upstream, isFlattened: true, columns: ["id", "name"]));
    }
}
