using System.Collections.Immutable;
using Confluent.Kafka;
using Hub.Benchmarks.Codec;
using Hub.Core.Mapping;
using Hub.Core.Schemas;
using Hub.Tests.Connectors;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Benchmarks.Debezium;

/// <summary>Updates of one payment detail as a PostgreSQL connector writes them, and those of the same table with a column more.</summary>
internal sealed class DebeziumRecords
{
    private readonly DebeziumUpstream older;
    private readonly DebeziumUpstream newer;
    private readonly Dictionary<string, object?> row;

    public DebeziumRecords(CodecSample sample, DebeziumWriting writing)
    {
        var columns = sample.Mapping.Columns.Select(column => (Field: column, Column: ColumnOf(sample, column))).ToList();
        // Without schemas the definition says what numbers and texts stand for.
        Mapping = writing != DebeziumWriting.JsonSchemaless ? sample.Mapping
            : sample.Mapping with { Types = columns.Where(column => column.Column.Hint is not null).ToImmutableDictionary(column => column.Field, column => new Setting(column.Column.Hint!, "")) };
        row = columns.ToDictionary(column => column.Field, column => (object?)column.Column.Value);
        var key = sample.Mapping.Key.ToArray();
        older = new("postgresql", sample.Mapping.Table, writing, [.. columns.Select(column => (column.Field, column.Column.Schema))], key);
        newer = new("postgresql", sample.Mapping.Table, writing, [.. columns.Select(column => (column.Field, column.Column.Schema)), ("added", new("string"))], key) { FirstId = 200, Schemas = older.Schemas };
        Record = older.Change("u", null, row, At(24_023_128));
        Newer = newer.Change("u", null, new Dictionary<string, object?>(row) { ["added"] = "x" }, At(24_023_128));
    }

    public TableMapping Mapping { get; }

    public Message<byte[], byte[]> Record { get; }

    /// <summary>The same by the newer schema.</summary>
    public Message<byte[], byte[]> Newer { get; }

    public int Columns => row.Count;

    public string Topic => older.Topic;

    public string Schema => older.Schemas[WireFormat.ReadSchemaId(Record.Value)];

    public ValueTask<string> SchemaAsync(int id) => older.SchemaAsync(id);

    private static (DebeziumSchema Schema, object Value, string? Hint) ColumnOf(CodecSample sample, string column)
    {
        var field = sample.Mapping.Fields.Where(field => field.Column == column).Select(field => sample.Schema.Find(field.Field)).FirstOrDefault();
        return field?.Type switch
        {
            FieldType.Decimal => (DebeziumSchema.Decimal(2), new byte[] { 0, 0xbc, 0x61, 0x4e }, "org.apache.kafka.connect.data.Decimal(2)"),
            FieldType.Date => (new("int32", "io.debezium.time.Date"), 20_148, "io.debezium.time.Date"),
            FieldType.Timestamp => (new("int64", "io.debezium.time.MicroTimestamp"), 1_740_816_000_123_456, "io.debezium.time.MicroTimestamp"),
            FieldType.Int or FieldType.Long => (new("int32"), 2025, null),
            _ => (new("string"), sample.CellOf(column), null),
        };
    }
}
