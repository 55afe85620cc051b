using System.Text;
using Confluent.Kafka;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>Records that are not what the definition says: each is refused by itself, and nothing of it is taken for a value.</summary>
public sealed class DebeziumRefusalTests
{
    public static TheoryData<DebeziumWriting> Writings => [.. Enum.GetValues<DebeziumWriting>()];

    [Theory]
    [MemberData(nameof(Writings))]
    public async Task A_record_cut_anywhere_is_refused_whole(DebeziumWriting writing)
    {
        var (upstream, whole) = DebeziumChangeTests.Postgres(writing);
        var record = upstream.Change("u", DebeziumChangeTests.Thing("1", "old"), DebeziumChangeTests.Thing("1", "new"), At(7));
        await whole.ReadAsync(record);
        for (var length = 1; length < record.Value.Length; length++)
        {
            var same = new DebeziumReading(upstream, columns: ["id", "name"]);
            var changes = await same.ReadAsync(new Message<byte[], byte[]> { Key = record.Key, Value = record.Value[..length] });
            // Behind its last brace but one, JSON is whole but for what nobody reads.
            if (writing == DebeziumWriting.Json && length == record.Value.Length - 1)
                continue;
            Assert.True(same.Batch.NoteOf(0)?.IsRefused, $"{writing} cut at {length} of {record.Value.Length} was read as {string.Join(", ", Assert.Single(changes).Row)}");
            Assert.Equal("1", Assert.Single(changes).Row["id"]);
        }
    }

    [Theory]
    [InlineData(DebeziumWriting.Avro, "{}", "magic byte 0")]
    [InlineData(DebeziumWriting.Json, "{}", "embeds no schemas")]
    [InlineData(DebeziumWriting.Json, """{ "schema": null, "payload": {} }""", "has no fields")]
    [InlineData(DebeziumWriting.JsonSchemaless, "{}", "has no 'op'")]
    [InlineData(DebeziumWriting.JsonSchemaless, "[]", "no JSON object")]
    [InlineData(DebeziumWriting.JsonSchemaless, """{ "op": "c", "after": null, "source": { "lsn": 1 } }""", "no row after the change")]
    [InlineData(DebeziumWriting.JsonSchemaless, """{ "op": "x", "after": { "id": "1", "name": "a" }, "source": { "lsn": 1 } }""", "'x' is none that Hub knows")]
    [InlineData(DebeziumWriting.JsonSchemaless, """{ "op": "c", "after": { "id": "1", "name": "a" }, "source": { "lsn": "one" } }""", "not a number of 63 bits: 'one'")]
    public async Task A_foreign_record_says_why_it_is_none(DebeziumWriting writing, string value, string reason)
    {
        var (_, reading) = DebeziumChangeTests.Postgres(writing);
        var change = Assert.Single(await reading.ReadAsync(new Message<byte[], byte[]> { Key = null!, Value = Encoding.UTF8.GetBytes(value) }));
        Assert.True(reading.Batch.NoteOf(0)!.Value.IsRefused);
        Assert.Contains(reason, reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
        Assert.Equal((Operation.Update, 1L), (change.Operation, change.Version));
    }

    [Fact]
    public async Task A_record_without_key_and_value_is_refused()
    {
        var (_, reading) = DebeziumChangeTests.Postgres(DebeziumWriting.Json);
        await reading.ReadAsync(new Message<byte[], byte[]> { Key = null!, Value = null! });
        Assert.Contains("neither a key nor a value", reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_no_text()
    {
        var (upstream, reading) = DebeziumChangeTests.Postgres(DebeziumWriting.Avro);
        var record = upstream.Change("c", null, DebeziumChangeTests.Thing("1", "marker"), At(1));
        record.Value.AsSpan()[record.Value.AsSpan().IndexOf("marker"u8)] = 0xff;
        var change = Assert.Single(await reading.ReadAsync(record));
        Assert.False(change.Row.ContainsKey("name"));
        Assert.Contains("is not UTF-8", reading.Batch.NoteOf(0)!.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_whose_count_cannot_be_true_is_refused_at_once()
    {
        var upstream = new DebeziumUpstream("postgresql", "public.thing", DebeziumWriting.Avro, [("id", new("string") { Optional = false }), ("tags", new("array"))]);
        var reading = new DebeziumReading(upstream, columns: ["id"]);
        var record = upstream.Change("c", null, Row(("id", "1"), ("tags", new[] { "marker" })), At(1));
        var writer = new AvroWriter();
        writer.WriteLong(long.MaxValue);
        var at = record.Value.AsSpan().IndexOf("marker"u8) - 2;
        record.Value = [.. record.Value[..at], .. writer.Written, .. record.Value[(at + 1)..]];
        await reading.ReadAsync(record);
        Assert.True(reading.Batch.NoteOf(0)!.Value.IsRefused);
    }

    /// <summary>
    /// What tells a moment: a heartbeat (connectors/postgresql.html#postgresql-property-heartbeat-interval-ms), the END of a transaction
    /// (connectors/postgresql.html#postgresql-transaction-metadata), a change of a heartbeat table (heartbeat.action.query).
    /// </summary>
    [Theory]
    [InlineData("""{ "ts_ms": 1700000000000 }""", 1_700_000_000_000_000)]
    [InlineData("""{ "status": "END", "id": "571:53195832", "event_count": 2, "data_collections": [ { "data_collection": "public.thing", "event_count": 2 } ], "ts_ms": 1700000001000 }""", 1_700_000_001_000_000)]
    [InlineData("""{ "status": "BEGIN", "id": "571:53195832", "event_count": null, "data_collections": null, "ts_ms": 1700000001000 }""", 0)]
    [InlineData("""{ "before": null, "after": { "id": 1 }, "source": { "lsn": 5, "ts_ms": 1700000002000 }, "op": "u", "ts_ms": 1700000009000 }""", 1_700_000_002_000_000)]
    [InlineData("""{ "ts_ms": 9223372036854775807 }""", 0)]
    [InlineData("""{ "ts_ms": -1 }""", 0)]
    [InlineData("noise", 0)]
    public async Task A_moment_is_told_by_heartbeats_by_ends_of_transactions_and_by_a_heartbeat_table(string value, long moment)
    {
        var (_, plain) = DebeziumChangeTests.Postgres(DebeziumWriting.JsonSchemaless);
        Assert.Equal(moment, await plain.SignalAsync(Encoding.UTF8.GetBytes(value)));
        var (_, wrapped) = DebeziumChangeTests.Postgres(DebeziumWriting.Json);
        Assert.Equal(moment, await wrapped.SignalAsync(Encoding.UTF8.GetBytes($$"""{ "schema": {}, "payload": {{value}} }""")));
    }

    [Fact]
    public async Task A_moment_in_Avro_is_the_same()
    {
        var (upstream, reading) = DebeziumChangeTests.Postgres(DebeziumWriting.Avro);
        var heartbeat = DebeziumSchema.Struct("io.debezium.connector.common.Heartbeat", ("ts_ms", new("int64") { Optional = false }));
        upstream.Schemas[7] = heartbeat.ToAvroSchema();
        Assert.Equal(1_700_000_000_000_000, await reading.SignalAsync(heartbeat.ToAvro(7, Row(("ts_ms", 1_700_000_000_000)))));
        Assert.Equal(1_700_000_002_000_000, await reading.SignalAsync(upstream.Change("u", null, DebeziumChangeTests.Thing("1", "x"), At(5, 1_700_000_002_000)).Value));
    }
}
