using System.Text;
using System.Text.Json;
using Hub.Core.Schemas.Types;

namespace Hub.Connectors.Debezium;

/// <summary>One type of a schema, compiled for reading. A recursive type leads back to the same node.</summary>
internal sealed class AvroNode
{
    private readonly byte[][] symbols = [];

    private AvroNode(AvroType type, ColumnType column)
    {
        (Kind, Column) = (type.Kind, column);
        Size = (type as AvroFixed)?.Size ?? 0;
        if (type is AvroEnum choices)
            symbols = [.. choices.Symbols.Select(Encoding.UTF8.GetBytes)];
    }

    public AvroKind Kind { get; }

    /// <summary>How its values become text.</summary>
    public ColumnType Column { get; }

    /// <summary>The fields of a record, the branches of a union, or what a list or map holds.</summary>
    public AvroNode[] Children { get; private set; } = [];

    /// <summary>The names of a record's fields.</summary>
    public string[] Names { get; private set; } = [];

    public byte[][] Utf8Names { get; private set; } = [];

    public int Size { get; }

    public static AvroNode Compile(AvroType type) => Compile(type, new(ReferenceEqualityComparer.Instance));

    public AvroNode Branch(long index)
        => (ulong)index < (ulong)Children.Length ? Children[index] : throw new InvalidDataException("a union has no such branch");

    public byte[] Symbol(long index)
        => (ulong)index < (ulong)symbols.Length ? symbols[index] : throw new InvalidDataException("an enum has no such symbol");

    /// <summary>The record in this type: itself, or a branch of the union.</summary>
    public AvroNode? Record => Kind == AvroKind.Record ? this : Kind == AvroKind.Union ? Array.Find(Children, branch => branch.Kind == AvroKind.Record) : null;

    /// <summary>The type of a column: of the union's branch that is not null.</summary>
    public ColumnType Value => Kind == AvroKind.Union && Array.Find(Children, branch => branch.Kind != AvroKind.Null) is { } branch ? branch.Column : Column;

    private static AvroNode Compile(AvroType type, Dictionary<AvroType, AvroNode> known)
    {
        if (known.TryGetValue(type, out var node))
            return node;
        known.Add(type, node = new(type, ColumnOf(type)));
        node.Children = type switch
        {
            AvroRecord record => [.. record.Fields.Select(field => Compile(field.Type, known))],
            AvroUnion union => [.. union.Branches.Select(branch => Compile(branch, known))],
            AvroArray array => [Compile(array.Items, known)],
            AvroMap map => [Compile(map.Values, known)],
            _ => [],
        };
        if (type is AvroRecord named)
            (node.Names, node.Utf8Names) = ([.. named.Fields.Select(field => field.Name)], [.. named.Fields.Select(field => Encoding.UTF8.GetBytes(field.Name))]);
        return node;
    }

    /// <summary>Kafka Connect's converter keeps the name of its schema beside Avro's own logical type; either tells.</summary>
    private static ColumnType ColumnOf(AvroType type)
    {
        var semantic = type.Text("connect.name") ?? type.LogicalType switch
        {
            "decimal" => "org.apache.kafka.connect.data.Decimal",
            "date" => "org.apache.kafka.connect.data.Date",
            "time-millis" => "org.apache.kafka.connect.data.Time",
            "time-micros" => "io.debezium.time.MicroTime",
            "timestamp-millis" or "local-timestamp-millis" => "org.apache.kafka.connect.data.Timestamp",
            "timestamp-micros" or "local-timestamp-micros" => "io.debezium.time.MicroTimestamp",
            _ => null,
        };
        var number = type.Decimal?.Scale ?? Parameter(type, "scale") ?? Parameter(type, "length");
        var upstream = Parameters(type) is { } all && all.TryGetProperty("__debezium.source.column.type", out var name) ? name.GetString() : null;
        return ColumnType.Of(semantic, type.Kind.ToString().ToLowerInvariant(), number, upstream);
    }

    private static JsonElement? Parameters(AvroType type)
        => type.Json.ValueKind == JsonValueKind.Object && type.Json.TryGetProperty("connect.parameters", out var all) && all.ValueKind == JsonValueKind.Object ? all : null;

    private static int? Parameter(AvroType type, string name)
        => Parameters(type) is { } all && all.TryGetProperty(name, out var value) && int.TryParse(value.ToString(), out var number) ? number : null;
}
