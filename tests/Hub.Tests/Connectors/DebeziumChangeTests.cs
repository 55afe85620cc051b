using Confluent.Kafka;
using Hub.Core.Ops;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// Changes with their envelope. Sources: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
/// (create, update, primary key update, delete, tombstone, truncate, message events), connectors/mysql.html#mysql-events, connectors/oracle.html#oracle-events.
/// </summary>
public sealed class DebeziumChangeTests
{
    public static TheoryData<DebeziumWriting> Writings => [.. Enum.GetValues<DebeziumWriting>()];

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Snapshot_create_update_and_delete_become_what_they_are(DebeziumWriting writing)
    {
        var (upstream, reading) = Postgres(writing);
        var changes = await reading.ReadAsync(
            upstream.Change("r", null, Thing("1", "一"), At(100)),
            upstream.Change("c", null, Thing("2", "二"), At(200)),
            upstream.Change("u", null, Thing("2", "贰"), At(300, 1_700_000_001_234)),
            upstream.Change("d", Row(("id", "2"), ("name", null)), null, At(400)),
            upstream.Tombstone(Thing("2", null)));
        Assert.Equal([Operation.Snapshot, Operation.Create, Operation.Update, Operation.Delete], changes.Select(change => change.Operation));
        Assert.Equal([100, 200, 300, 400], changes.Select(change => change.Version));
        Assert.Equal(1_700_000_001_234_000, changes[2].OccurredAt);
        Assert.Equal("fin.public.thing/0@2", changes[2].Position);
        Assert.Equal("贰", changes[2].Row["name"]);
        Assert.Equal(["id"], changes[3].Row.Keys);
        Assert.Equal("2", changes[3].Row["id"]);
        Assert.Equal(("public.thing", 2), (reading.Batch[1].Shape.Relation, reading.Batch[1].Shape.Columns.Length));
        Assert.All(changes, (_, i) => Assert.Same(reading.Batch[1].Shape, i == 0 ? reading.Batch[1].Shape : reading.Batch[i].Shape));
    }

    /// <summary>Primary key update: a delete of the old key, its tombstone, a create of the new key.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_change_of_the_key_is_a_delete_and_a_create(DebeziumWriting writing)
    {
        var (upstream, reading) = Postgres(writing);
        var changes = await reading.ReadAsync(
            upstream.Change("d", Thing("1", null), null, At(500)), upstream.Tombstone(Thing("1", null)), upstream.Change("c", null, Thing("9", "一"), At(500)));
        Assert.Equal([(Operation.Delete, "1", 500L), (Operation.Create, "9", 500L)], changes.Select(change => (change.Operation, change.Row["id"]!, change.Version)));
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_truncate_is_one_change_of_the_table(DebeziumWriting writing)
    {
        var (upstream, reading) = Postgres(writing);
        var change = Assert.Single(await reading.ReadAsync(upstream.Change("t", null, null, At(700))));
        Assert.Equal((Operation.Truncate, 700), (change.Operation, change.Version));
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_logical_message_is_no_change(DebeziumWriting writing)
    {
        var (upstream, reading) = Postgres(writing);
        Assert.Empty(await reading.ReadAsync(upstream.Change("m", null, null, At(700), Thing("1", null))));
    }

    /// <summary>Log compaction keeps the tombstone and may remove the delete event before it (tombstones.on.delete).</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_tombstone_whose_delete_was_compacted_away_is_the_delete(DebeziumWriting writing)
    {
        var (upstream, reading) = Postgres(writing);
        var changes = await reading.ReadAsync(upstream.Change("c", null, Thing("1", "一"), At(300)), upstream.Change("c", null, Thing("2", "二"), At(200)), upstream.Tombstone(Thing("1", null)));
        // Commits are in order, addresses within open transactions are not: the highest one counts, else the delete would lose.
        Assert.Equal((Operation.Delete, "1", 300), (changes[2].Operation, changes[2].Row["id"], changes[2].Version));
    }

    [Fact]
    public async Task A_delete_without_a_key_is_named_by_its_old_row()
    {
        var (upstream, reading) = Postgres(DebeziumWriting.Json);
        var record = upstream.Change("d", Thing("7", "七"), null, At(1));
        record.Key = null!;
        Assert.Equal("7", Assert.Single(await reading.ReadAsync(record)).Row["id"]);
    }

    /// <summary>A transaction under way during the snapshot has written below the snapshot's address and commits after it.</summary>
    [Fact]
    public async Task A_change_behind_a_snapshot_row_is_never_older_than_the_row()
    {
        var (upstream, reading) = Postgres(DebeziumWriting.Json);
        var changes = await reading.ReadAsync(
            upstream.Change("r", null, Thing("1", "snapshot"), At(1000)), upstream.Change("u", null, Thing("1", "newer"), At(900)), upstream.Change("u", null, Thing("1", "newest"), At(1100)));
        Assert.Equal([1000, 1000, 1100], changes.Select(change => change.Version));
        Assert.Equal(1000, reading.Place.Floor);
    }

    /// <summary>Incremental snapshots mix their rows among the changes; MySQL gives them an empty binlog file.</summary>
    [Fact]
    public async Task A_row_of_an_incremental_snapshot_is_as_new_as_the_change_before_it()
    {
        var upstream = Thing("mysql", DebeziumWriting.Json);
        var reading = new DebeziumReading(upstream, columns: ["id", "name"]);
        var changes = await reading.ReadAsync(
            upstream.Change("u", null, Thing("1", "a"), Binlog("mysql-bin.000003", 154)), upstream.Change("r", null, Thing("1", "b"), Row(("file", ""), ("pos", 0L), ("row", 0), ("ts_ms", 1_700_000_000_000))));
        Assert.Equal(changes[0].Version, changes[1].Version);
    }

    /// <summary>MySQL: file, pos and row of the source block (connectors/mysql.html#mysql-create-events).</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Of_MySQL_the_version_is_binlog_file_position_and_row(DebeziumWriting writing)
    {
        var upstream = Thing("mysql", writing);
        var reading = new DebeziumReading(upstream, columns: ["id", "name"]);
        var changes = await reading.ReadAsync(
            upstream.Change("c", null, Thing("1", "a"), Binlog("mysql-bin.000003", 154)), upstream.Change("u", null, Thing("1", "b"), Binlog("mysql-bin.000003", 154, row: 1)),
            upstream.Change("u", null, Thing("1", "c"), Binlog("mysql-bin.000003", 4_294_967_295)), upstream.Change("u", null, Thing("1", "d"), Binlog("mysql-bin.000004", 4)),
            upstream.Change("u", null, Thing("1", "e"), Binlog("mysql-bin.1048575", 4_294_967_295, row: 5_000)));
        var versions = changes.Select(change => change.Version).ToList();
        Assert.Equal((3L << 43) | (154L << 11), versions[0]);
        Assert.Equal(versions.Order().Distinct(), versions);
        Assert.Equal(long.MaxValue, versions[^1]);
    }

    [Fact]
    public async Task A_binlog_place_that_does_not_fit_is_refused_and_not_cut()
    {
        var upstream = Thing("mysql", DebeziumWriting.Json);
        var reading = new DebeziumReading(upstream, columns: ["id", "name"]);
        await reading.ReadAsync(upstream.Change("c", null, Thing("1", "a"), Binlog("mysql-bin.1048576", 4)));
        Assert.Contains("does not fit into a version", reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
        Assert.True(reading.Batch.NoteOf(0)!.Value.IsRefused);
    }

    [Fact]
    public async Task Binlog_numbers_that_begin_anew_stop_the_source_and_records_sent_twice_do_not()
    {
        var upstream = Thing("mysql", DebeziumWriting.Json);
        var reading = new DebeziumReading(upstream, columns: ["id", "name"]);
        await reading.ReadAsync(
            upstream.Change("c", null, Thing("1", "a"), Binlog("mysql-bin.000007", 154, millis: 2_000)), upstream.Change("c", null, Thing("1", "b"), Binlog("mysql-bin.000008", 154, millis: 3_000)),
            upstream.Change("c", null, Thing("1", "a"), Binlog("mysql-bin.000007", 154, millis: 2_000)));
        var failure = await Assert.ThrowsAsync<HubException>(() => reading.ReadAsync(upstream.Change("c", null, Thing("1", "c"), Binlog("mysql-bin.000001", 154, millis: 4_000))));
        Assert.Equal((Codes.VersionWentBack, false), (failure.Findings[0].Code, failure.IsTransient));
    }

    /// <summary>Oracle: scn as decimal text (connectors/oracle.html#oracle-create-events).</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Of_Oracle_the_version_is_the_change_number(DebeziumWriting writing)
    {
        var upstream = new DebeziumUpstream("oracle", "FIN.THING", writing, [("ID", new("string") { Optional = false }), ("NAME", new("string"))]);
        var reading = new DebeziumReading(upstream, columns: ["ID", "NAME"]);
        var changes = await reading.ReadAsync(
            upstream.Change("r", null, Row(("ID", "1"), ("NAME", "a")), Scn("2122184")), upstream.Change("u", Row(("ID", "1"), ("NAME", "a")), Row(("ID", "1"), ("NAME", "b")), Scn("9223372036854775807")));
        Assert.Equal([2122184, long.MaxValue], changes.Select(change => change.Version));
        await reading.ReadAsync(upstream.Change("c", null, Row(("ID", "2"), ("NAME", "c")), Scn("9223372036854775808")));
        Assert.Contains("63 bits", reading.Batch.NoteOf(2)!.Value.Reason, StringComparison.Ordinal);
    }

    /// <summary>Toasted values (connectors/postgresql.html#postgresql-toasted-values): the placeholder stands for what was not sent.</summary>
    [Theory]
    [InlineData(DebeziumWriting.Avro, "string")]
    [InlineData(DebeziumWriting.Json, "string")]
    [InlineData(DebeziumWriting.JsonSchemaless, "string")]
    [InlineData(DebeziumWriting.Avro, "bytes")]
    [InlineData(DebeziumWriting.Json, "bytes")]
    [InlineData(DebeziumWriting.JsonSchemaless, "bytes")]
    public async Task A_value_that_was_not_sent_is_taken_from_the_old_row_or_stays_absent(DebeziumWriting writing, string type)
    {
        var placeholder = type == "bytes" ? (object)"__debezium_unavailable_value"u8.ToArray() : "__debezium_unavailable_value";
        var whole = type == "bytes" ? (object)new byte[] { 1, 2 } : "old";
        var upstream = new DebeziumUpstream("postgresql", "public.thing", writing, [("id", new("string") { Optional = false }), ("name", new(type))]);
        var reading = new DebeziumReading(upstream, columns: ["id", "name"]);
        var changes = await reading.ReadAsync(
            upstream.Change("u", Row(("id", "1"), ("name", whole)), Row(("id", "1"), ("name", placeholder)), At(1)),
            upstream.Change("u", null, Row(("id", "1"), ("name", placeholder)), At(2)),
            upstream.Change("u", Row(("id", "1"), ("name", null)), Row(("id", "1"), ("name", placeholder)), At(3)));
        Assert.Equal(type == "string" ? "old" : writing == DebeziumWriting.JsonSchemaless ? "AQI=" : "\\x0102", changes[0].Row["name"]);
        Assert.Null(reading.Batch.NoteOf(0));
        Assert.All([1, 2], i =>
        {
            Assert.False(changes[i].Row.ContainsKey("name"));
            Assert.Contains("ALTER TABLE public.thing REPLICA IDENTITY FULL;", reading.Batch.NoteOf(i)!.Value.Reason, StringComparison.Ordinal);
        });
    }

    /// <summary>A source block without lsn, file or scn tells nothing about versions.</summary>
    [Fact]
    public async Task A_change_without_a_version_is_refused()
    {
        var (upstream, reading) = Postgres(DebeziumWriting.Avro);
        var change = Assert.Single(await reading.ReadAsync(upstream.Change("c", null, Thing("1", "a"), Row(("ts_ms", 1L)))));
        Assert.True(reading.Batch.NoteOf(0)!.Value.IsRefused);
        Assert.Equal("1", change.Row["id"]);
    }

    /// <summary>Text and numbers go from the record's bytes into the batch; the few bytes left are of the runtime, not of fields.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Reading_allocates_nothing_for_a_field(DebeziumWriting writing)
    {
        var columns = Enumerable.Range(0, 20).Select(i => ($"c{i}", i % 4 == 0 ? new("string") : i % 4 == 1 ? DebeziumSchema.Decimal(2) : i % 4 == 2 ? new("int64", "io.debezium.time.MicroTimestamp") : new DebeziumSchema("int32"))).ToArray();
        var upstream = new DebeziumUpstream("postgresql", "public.thing", writing, columns);
        var reading = new DebeziumReading(upstream, columns: [.. columns.Select(column => column.Item1)]);
        var row = Row([.. columns.Select((column, i) => (column.Item1, (i % 4) switch { 0 => (object?)"text with 中文", 1 => new byte[] { 0x27, 0x42 }, 2 => 1_735_707_730_123_456, _ => 7 }))]);
        var record = upstream.Change("u", null, row, At(1));
        const int Records = 500;
        await reading.DecodeAsync(record, Records);
        reading.Batch.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        await reading.DecodeAsync(record, Records);
        var perRecord = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Records;
        Assert.True(perRecord < 24, $"{perRecord} bytes a record");
    }

    internal static Dictionary<string, object?> Thing(string id, string? name) => Row(("id", id), ("name", name));

    internal static DebeziumUpstream Thing(string connector, DebeziumWriting writing)
        => new(connector, connector == "mysql" ? "fin.thing" : "public.thing", writing, [("id", new("string") { Optional = false }), ("name", new("string"))]);

    internal static (DebeziumUpstream Upstream, DebeziumReading Reading) Postgres(DebeziumWriting writing)
    {
        var upstream = Thing("postgresql", writing);
        return (upstream, new(upstream, columns: ["id", "name"]));
    }
}
