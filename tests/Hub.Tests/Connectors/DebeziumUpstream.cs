using System.Text;
using Confluent.Kafka;

namespace Hub.Tests.Connectors;

/// <summary>How the connector of a test writes its records.</summary>
public enum DebeziumWriting
{
    Avro,
    Json,
    JsonSchemaless,
}

/// <summary>
/// A connector over one table: makes the records that it would write, field by field as documented.
/// Sources: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events (key, value, source block,
/// delete, tombstone), connectors/mysql.html#mysql-events, connectors/oracle.html#oracle-events, transformations/event-flattening.html.
/// </summary>
internal sealed class DebeziumUpstream
{
    public const string Prefix = "fin";

    private static readonly DebeziumSchema Text = new("string");
    private static readonly DebeziumSchema Long = new("int64");
    private static readonly DebeziumSchema Int = new("int32");

    private readonly string connector;
    private readonly DebeziumSchema row;
    private readonly DebeziumSchema key;
    private readonly DebeziumSchema envelope;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);

    /// <param name="table"><c>schema.table</c>, MySQL's <c>database.table</c>.</param>
    /// <param name="columns">The first is the key, unless <paramref name="keys"/> names others.</param>
    public DebeziumUpstream(string connector, string table, DebeziumWriting writing, (string Field, DebeziumSchema Schema)[] columns, params string[] keys)
    {
        (this.connector, Table, Writing) = (connector, table, writing);
        var name = $"{Prefix}.{table}";
        row = DebeziumSchema.Struct($"{name}.Value", columns);
        var identity = keys.Length == 0 ? [columns[0].Field] : keys;
        key = DebeziumSchema.Struct($"{name}.Key", [.. columns.Where(column => identity.Contains(column.Field))]) with { Optional = false };
        envelope = DebeziumSchema.Struct(
            $"{name}.Envelope", ("before", row), ("after", row), ("source", Source()), ("op", Text with { Optional = false }), ("ts_ms", Long),
            ("transaction", DebeziumSchema.Struct("event.block", ("id", Text), ("total_order", Long), ("data_collection_order", Long)))) with { Optional = false };
    }

    public DebeziumWriting Writing { get; }

    public string Table { get; }

    public string Topic => $"{Prefix}.{Table}";

    /// <summary>The id of the first schema that the registry is given.</summary>
    public int FirstId { get; init; } = 100;

    /// <summary>The registry: a schema per id; of several connectors one.</summary>
    public Dictionary<int, string> Schemas { get; init; } = [];

    public ValueTask<string> SchemaAsync(int id) => ValueTask.FromResult(Schemas[id]);

    public Message<byte[], byte[]> Change(string op, object? before, object? after, Dictionary<string, object?> place, object? keyOf = null)
    {
        var value = new Dictionary<string, object?>
        {
            ["before"] = before, ["after"] = after, ["source"] = Block(op, place), ["op"] = op, ["ts_ms"] = 1_700_000_009_000L, ["transaction"] = null,
        };
        return new() { Key = op is "t" ? null! : Key(keyOf ?? after ?? before!), Value = Write(envelope, value) };
    }

    public Message<byte[], byte[]> Tombstone(object keyOf) => new() { Key = Key(keyOf), Value = null! };

    /// <summary>A record that ExtractNewRecordState has flattened, with the fields that add.fields and the rewriting of deletes add.</summary>
    public Message<byte[], byte[]> Flat(Dictionary<string, object?> values, params (string Name, object Value)[] added)
    {
        var schema = DebeziumSchema.Struct(row.Name!, [.. row.Fields, .. added.Select(each => (each.Name, each.Value is string ? Text : Long))]) with { Optional = false };
        var all = new Dictionary<string, object?>(values);
        foreach (var (name, value) in added)
            all[name] = value;
        return new() { Key = Key(values), Value = Write(schema, all) };
    }

    /// <summary>A row by column.</summary>
    public static Dictionary<string, object?> Row(params (string Column, object? Value)[] values) => values.ToDictionary(value => value.Column, value => value.Value);

    /// <summary>A place in PostgreSQL's WAL.</summary>
    public static Dictionary<string, object?> At(long lsn, long millis = 1_700_000_000_000) => Row(("lsn", lsn), ("ts_ms", millis));

    public static Dictionary<string, object?> Binlog(string file, long pos, int row = 0, long millis = 1_700_000_000_000)
        => Row(("file", file), ("pos", pos), ("row", row), ("ts_ms", millis));

    public static Dictionary<string, object?> Scn(string scn, long millis = 1_700_000_000_000) => Row(("scn", scn), ("ts_ms", millis));

    public byte[] Key(object row) => Write(key, ((IReadOnlyDictionary<string, object?>)row).Where(pair => key.Fields.Any(field => field.Field == pair.Key)).ToDictionary());

    private byte[] Write(DebeziumSchema schema, object value) => Writing switch
    {
        DebeziumWriting.Avro => schema.ToAvro(Register(schema.ToAvroSchema()), value),
        DebeziumWriting.Json => schema.ToJson(value, withSchema: true),
        _ => schema.ToJson(value, withSchema: false),
    };

    private int Register(string schema)
    {
        if (!ids.TryGetValue(schema, out var id))
        {
            ids.Add(schema, id = FirstId + ids.Count);
            Schemas[id] = schema;
        }

        return id;
    }

    private DebeziumSchema Source()
    {
        var common = new[] { ("version", Text), ("connector", Text), ("name", Text), ("ts_ms", Long), ("snapshot", Text), ("db", Text), ("sequence", Text), ("table", Text) };
        return DebeziumSchema.Struct($"io.debezium.connector.{connector}.Source", connector switch
        {
            "postgresql" => [.. common, ("schema", Text), ("txId", Long), ("lsn", Long), ("xmin", Long)],
            "mysql" => [.. common, ("server_id", Long), ("gtid", Text), ("file", Text), ("pos", Long), ("row", Int), ("thread", Long), ("query", Text)],
            _ => [.. common, ("schema", Text), ("txId", Text), ("scn", Text), ("commit_scn", Text), ("lcr_position", Text), ("rs_id", Text), ("ssn", Long), ("redo_thread", Int), ("user_name", Text)],
        });
    }

    private Dictionary<string, object?> Block(string op, Dictionary<string, object?> place)
    {
        var dot = Table.IndexOf('.', StringComparison.Ordinal);
        return new(place)
        {
            ["version"] = "3.0.0.Final", ["connector"] = connector, ["name"] = Prefix, ["snapshot"] = op == "r" ? "true" : "false",
            ["db"] = connector == "mysql" ? Table[..dot] : "finance", ["schema"] = Table[..dot], ["table"] = Table[(dot + 1)..],
        };
    }
}
