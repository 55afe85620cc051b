using System.Text.Json;

namespace Hub.Connectors.Debezium;

/// <summary>Reads the schema that Kafka Connect's JSON converter embeds in a record.</summary>
internal static class JsonColumns
{
    /// <summary>The columns of a row: of the envelope's <c>after</c>, or of the flattened record itself.</summary>
    /// <exception cref="InvalidDataException">It is not such a schema.</exception>
    public static IReadOnlyList<(string Name, ColumnType Type)> Read(ReadOnlySpan<byte> schema, DebeziumTable table, bool isFlattened)
    {
        var reader = new Utf8JsonReader(schema);
        using var document = JsonDocument.ParseValue(ref reader);
        var row = document.RootElement;
        if (!isFlattened)
            row = Fields(row).FirstOrDefault(field => Text(field, "field") == "after");
        if (row.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException("its schema has no field 'after', so it is no change with its envelope");
        return [.. Fields(row).Select(field => (Name: Text(field, "field")!, Type: TypeOf(field))).Where(column => !table.IsAdded(column.Name))];
    }

    private static ColumnType TypeOf(JsonElement field)
    {
        var parameters = field.TryGetProperty("parameters", out var all) && all.ValueKind == JsonValueKind.Object ? all : default;
        var number = Text(parameters, "scale") ?? Text(parameters, "length");
        return ColumnType.Of(
            Text(field, "name"), Text(field, "type") ?? "unknown", int.TryParse(number, out var value) ? value : null, Text(parameters, "__debezium.source.column.type"));
    }

    private static IEnumerable<JsonElement> Fields(JsonElement schema)
        => schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("fields", out var fields) && fields.ValueKind == JsonValueKind.Array
            ? fields.EnumerateArray().Where(field => Text(field, "field") is not null)
            : throw new InvalidDataException("its schema has no fields");

    private static string? Text(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
