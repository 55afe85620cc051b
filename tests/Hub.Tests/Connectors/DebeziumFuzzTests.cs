using Confluent.Kafka;
using Hub.Core.Ops;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>Damaged records: whatever their bytes are, each is read or refused, and the source goes on.</summary>
public sealed class DebeziumFuzzTests
{
    private const int Rounds = 6_000;

    public static TheoryData<DebeziumWriting, bool> Forms
    {
        get
        {
            var forms = new TheoryData<DebeziumWriting, bool>();
            foreach (var writing in Enum.GetValues<DebeziumWriting>())
            {
                forms.Add(writing, false);
                forms.Add(writing, true);
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_record_with_bytes_changed_never_stops_the_source(DebeziumWriting writing, bool isFlattened)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var upstream = Wide(writing);
        var reading = new DebeziumReading(upstream, isFlattened, columns: [.. Columns.Select(column => column.Field)]);
        var records = isFlattened
            ? new[] { upstream.Flat(Values(), ("__op", "u"), ("__lsn", 100L), ("__source_ts_ms", 1_700_000_000_000L)), upstream.Flat(Values(), ("__op", "d"), ("__lsn", 100L), ("__deleted", "true")), upstream.Tombstone(Values()) }
            : [upstream.Change("u", Values(), Values(), At(100)), upstream.Change("d", Values(), null, At(100)), upstream.Change("u", Values(), Unavailable(), At(100)), upstream.Tombstone(Values())];
        for (var round = 0; round < Rounds; round++)
        {
            var record = records[round % records.Length];
            var damaged = new Message<byte[], byte[]> { Key = Damage(record.Key, random), Value = record.Value is null ? null! : Damage(record.Value, random) };
            try
            {
                await reading.ReadAsync(damaged);
            }
            catch (HubException failure) when (failure.Findings[0].Code is Codes.VersionMissing or Codes.RecordForm or Codes.VersionWentBack)
            {
                // A record that says what is wrong with the whole source.
            }
            catch (KeyNotFoundException)
            {
                // The registry of the test has no schema of a damaged id.
            }
            catch (Exception failure)
            {
                Assert.Fail($"seed {seed}, round {round}: {failure}");
            }

            reading.Batch.Clear();
        }
    }

    private static readonly (string Field, DebeziumSchema Schema)[] Columns =
    [
        ("id", new("string") { Optional = false }), ("name", new("string")), ("amount", DebeziumSchema.Decimal(2)), ("variable", DebeziumSchema.VariableDecimal()),
        ("day", new("int32", "io.debezium.time.Date")), ("moment", new("int64", "io.debezium.time.MicroTimestamp")), ("nanos", new("int64", "io.debezium.time.NanoTime")),
        ("single", new("float")), ("many", new("double")), ("flag", new("boolean")), ("data", new("bytes")), ("bits", new("bytes", "io.debezium.data.Bits", ("length", "10"))), ("list", new("array")),
    ];

    private static DebeziumUpstream Wide(DebeziumWriting writing) => new("postgresql", "public.thing", writing, Columns);

    private static Dictionary<string, object?> Values() => Row(
        ("id", "1"), ("name", "名\n\"x\""), ("amount", new byte[] { 0x27, 0x42 }), ("variable", Row(("scale", 3), ("value", new byte[] { 4, 0xd2 }))), ("day", 20089), ("moment", 1_735_707_730_123_456L),
        ("nanos", 3_723_000_005_000L), ("single", 1.5f), ("many", 1e10), ("flag", true), ("data", new byte[] { 0, 1, 2 }), ("bits", new byte[] { 5, 2 }), ("list", new[] { "a", "b" }));

    private static Dictionary<string, object?> Unavailable()
    {
        var row = Values();
        row["name"] = "__debezium_unavailable_value";
        row["data"] = "__debezium_unavailable_value"u8.ToArray();
        return row;
    }

    /// <summary>One to three bytes changed, cut out or put in; the schema's id in front stays mostly as it is.</summary>
    private static byte[] Damage(byte[] bytes, Random random)
    {
        var damaged = bytes.ToList();
        for (var changes = random.Next(4); changes > 0 && damaged.Count > 6; changes--)
        {
            var at = random.Next(random.Next(20) == 0 ? 0 : 5, damaged.Count);
            if (random.Next(3) is var how && how == 0)
                damaged.RemoveAt(at);
            else if (how == 1)
                damaged.Insert(at, (byte)random.Next(256));
            else
                damaged[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : "{}[]\",:-.eE0\\"[random.Next(13)]);
        }

        return [.. damaged];
    }
}
