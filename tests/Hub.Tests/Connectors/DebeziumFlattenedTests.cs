using System.Text;
using Confluent.Kafka;
using Hub.Core.Ops;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Connectors.DebeziumChangeTests;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>
/// Records that ExtractNewRecordState has flattened. Source: https://debezium.io/documentation/reference/stable/transformations/event-flattening.html
/// (add.fields, add.headers, delete.tombstone.handling.mode).
/// </summary>
public sealed class DebeziumFlattenedTests
{
    public static TheoryData<DebeziumWriting> Writings => [.. Enum.GetValues<DebeziumWriting>()];

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task The_added_fields_tell_operation_version_and_time_and_are_no_columns(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        var reading = Flattened(upstream);
        var changes = await reading.ReadAsync(
            upstream.Flat(Thing("1", "一"), ("__op", "r"), ("__lsn", 100L), ("__table", "thing"), ("__source_ts_ms", 1_700_000_000_000L), ("__ts_ms", 1_900_000_000_000L)),
            upstream.Flat(Thing("1", "壹"), ("__op", "u"), ("__source_lsn", 200L), ("__table", "thing"), ("__source_ts_ms", 1_700_000_001_000L), ("__ts_ms", 1_900_000_000_000L)));
        Assert.Equal([(Operation.Snapshot, 100L), (Operation.Update, 200L)], changes.Select(change => (change.Operation, change.Version)));
        Assert.Equal(1_700_000_001_000_000, changes[1].OccurredAt);
        Assert.Equal("壹", changes[1].Row["name"]);
        Assert.Equal(["id", "name"], reading.Batch[1].Shape.Columns.Select(column => column.Name));
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task Of_MySQL_and_Oracle_the_added_fields_make_the_same_versions(DebeziumWriting writing)
    {
        var mysql = DebeziumChangeTests.Thing("mysql", writing);
        var reading = Flattened(mysql);
        var change = Assert.Single(await reading.ReadAsync(mysql.Flat(Thing("1", "a"), ("__op", "c"), ("__file", "mysql-bin.000003"), ("__pos", 154L), ("__row", 1L))));
        Assert.Equal((3L << 43) | (154L << 11) | 1, change.Version);
        var oracle = DebeziumChangeTests.Thing("oracle", writing);
        Assert.Equal(2122184, Assert.Single(await Flattened(oracle).ReadAsync(oracle.Flat(Thing("1", "a"), ("__op", "c"), ("__source_scn", "2122184")))).Version);
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_rewritten_delete_is_a_delete(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        var changes = await Flattened(upstream).ReadAsync(
            upstream.Flat(Thing("1", "a"), ("__op", "c"), ("__lsn", 100L), ("__deleted", "false")), upstream.Flat(Thing("1", null), ("__op", "d"), ("__lsn", 200L), ("__deleted", "true")),
            upstream.Tombstone(Thing("1", null)));
        Assert.Equal([(Operation.Create, 100L), (Operation.Delete, 200L)], changes.Select(change => (change.Operation, change.Version)));
        Assert.Equal("1", changes[1].Row["id"]);
    }

    /// <summary>delete.tombstone.handling.mode=tombstone, the default: the tombstone is all there is of a delete.</summary>
    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_tombstone_alone_deletes_with_the_highest_version_of_its_partition(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        var changes = await Flattened(upstream).ReadAsync(
            upstream.Flat(Thing("1", "a"), ("__op", "c"), ("__lsn", 100L)), upstream.Tombstone(Thing("1", null)), upstream.Flat(Thing("1", "b"), ("__op", "c"), ("__lsn", 101L)));
        Assert.Equal([(Operation.Create, 100L), (Operation.Delete, 100L), (Operation.Create, 101L)], changes.Select(change => (change.Operation, change.Version)));
    }

    /// <summary>
    /// add.headers, as the header.converter of the connector writes them: SimpleHeaderConverter or StringConverter, JsonConverter without
    /// schemas and with them, where a value without a schema has none.
    /// </summary>
    [Theory]
    [InlineData("{0}", "{0}")]
    [InlineData("\"{0}\"", "{0}")]
    [InlineData("""{{"schema":{{"type":"string","optional":true}},"payload":"{0}"}}""", """{{"schema":{{"type":"int64","optional":true}},"payload":{0}}}""")]
    [InlineData("""{{"schema":null,"payload":"{0}"}}""", """{{"schema":null,"payload":{0}}}""")]
    [InlineData("""{{"schema":null,"payload":"{0}"}}""", """{{"schema":null,"payload":"{0}"}}""")]
    public async Task Headers_tell_the_same_as_fields(string text, string number)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        var record = upstream.Flat(Thing("1", "a"));
        record.Headers = new() { Header("__op", text, "u"), Header("__lsn", number, 24023128), Header("__source_ts_ms", number, 1_700_000_000_000), { "traceparent", "{00-1"u8.ToArray() }, { "__op", null } };
        var tombstone = upstream.Tombstone(Thing("1", null));
        tombstone.Headers = new() { Header("__op", text, "d"), Header("__lsn", number, 24023200), Header("__source_scn", text.Replace("\"{0}\"", "null", StringComparison.Ordinal), "null") };
        var changes = await Flattened(upstream).ReadAsync(record, tombstone);
        Assert.Equal([(Operation.Update, 24023128L, 1_700_000_000_000_000), (Operation.Delete, 24023200L, 0)], changes.Select(change => (change.Operation, change.Version, change.OccurredAt)));

        static Header Header(string name, string form, object value) => new(name, Encoding.UTF8.GetBytes(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, value)));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"payload":[1]}""")]
    [InlineData("\"1")]
    [InlineData("one")]
    public async Task A_header_that_is_no_number_refuses_the_record(string value)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Json);
        var reading = Flattened(upstream);
        var record = upstream.Flat(Thing("1", "a"), ("__op", "u"));
        record.Headers = new() { { "__lsn", Encoding.UTF8.GetBytes(value) } };
        await reading.ReadAsync(record);
        Assert.True(reading.Batch.NoteOf(0)!.Value.IsRefused);
    }

    [Theory]
    [InlineData("postgresql", "transforms.unwrap.add.fields=op,lsn,source.ts_ms ")]
    [InlineData("mysql", "transforms.unwrap.add.fields=op,file,pos,row,source.ts_ms ")]
    [InlineData("oracle", "transforms.unwrap.add.fields=op,scn,source.ts_ms ")]
    [InlineData(null, "op,lsn,source.ts_ms (PostgreSQL), op,file,pos,row,source.ts_ms (MySQL) or op,scn,source.ts_ms (Oracle)")]
    public async Task Without_a_version_the_source_stops_and_says_what_to_add(string? connector, string advice)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Json);
        var failure = await Assert.ThrowsAsync<HubException>(() => Flattened(upstream, connector).ReadAsync(upstream.Flat(Thing("1", "a"), ("__op", "c"))));
        Assert.Equal((Codes.VersionMissing, false), (failure.Findings[0].Code, failure.IsTransient));
        Assert.Contains(advice, failure.Findings[0].Suggestion, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_record_with_its_envelope_stops_a_source_that_takes_it_for_flattened(DebeziumWriting writing)
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        var failure = await Assert.ThrowsAsync<HubException>(() => Flattened(upstream).ReadAsync(upstream.Change("c", null, Thing("1", "a"), At(1))));
        Assert.Equal(Codes.RecordForm, failure.Findings[0].Code);
        Assert.Contains("envelope: full", failure.Findings[0].Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_was_not_sent_has_no_old_row_to_come_from()
    {
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Avro);
        var reading = Flattened(upstream);
        var change = Assert.Single(await reading.ReadAsync(upstream.Flat(Thing("1", "__debezium_unavailable_value"), ("__op", "u"), ("__lsn", 1L))));
        Assert.False(change.Row.ContainsKey("name"));
        Assert.Contains("REPLICA IDENTITY FULL", reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
    }

    private static DebeziumReading Flattened(DebeziumUpstream upstream, string? connector = null) => new(upstream, isFlattened: true, connector, columns: ["id", "name"]);
}
