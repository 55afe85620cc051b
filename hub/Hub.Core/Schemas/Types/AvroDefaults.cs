using System.Text.Json;

namespace Hub.Core.Schemas.Types;

/// <summary>
/// Whether defaults are values of their types: who needs one that is not finds out only when it reads. Source: Avro 1.12 specification,
/// "Records", the table of field default values; a union takes a value of any of its branches.
/// </summary>
public static class AvroDefaults
{
    /// <summary>The fields whose default is no value of their type, each by its record's name and its own.</summary>
    public static IReadOnlyList<string> FindWrong(AvroType type)
    {
        var (wrong, seen) = (new List<string>(), new HashSet<AvroType>());
        Look(type);
        return wrong;

        void Look(AvroType part)
        {
            if (!seen.Add(part))
                return;
            foreach (var inner in InnerOf(part))
                Look(inner);
            if (part is AvroRecord record)
                wrong.AddRange(record.Fields.Where(field => field.Default is { } json && !IsValue(field.Type, json)).Select(field => $"{record.Name.Full}.{field.Name}"));
        }
    }

    private static IEnumerable<AvroType> InnerOf(AvroType type) => type switch
    {
        AvroRecord record => record.Fields.Select(field => field.Type),
        AvroUnion union => union.Branches,
        AvroArray array => [array.Items],
        AvroMap map => [map.Values],
        _ => [],
    };

    private static bool IsValue(AvroType type, JsonElement json) => (type, json.ValueKind) switch
    {
        (AvroUnion union, _) => union.Branches.Any(branch => IsValue(branch, json)),
        (AvroArray array, JsonValueKind.Array) => json.EnumerateArray().All(item => IsValue(array.Items, item)),
        (AvroMap map, JsonValueKind.Object) => json.EnumerateObject().All(pair => IsValue(map.Values, pair.Value)),
        (AvroRecord record, JsonValueKind.Object) => record.Fields.All(field => json.TryGetProperty(field.Name, out var value) ? IsValue(field.Type, value) : field.Default is not null),
        (AvroEnum symbols, JsonValueKind.String) => symbols.Symbols.Contains(json.GetString()!),
        (AvroFixed, JsonValueKind.String) => true,
        (AvroPrimitive, _) => IsPrimitive(type.Kind, json),
        _ => false,
    };

    private static bool IsPrimitive(AvroKind kind, JsonElement json) => (kind, json.ValueKind) switch
    {
        (AvroKind.Null, JsonValueKind.Null) => true,
        (AvroKind.Boolean, JsonValueKind.True or JsonValueKind.False) => true,
        (AvroKind.Int, JsonValueKind.Number) => json.TryGetInt32(out _),
        (AvroKind.Long, JsonValueKind.Number) => json.TryGetInt64(out _),
        (AvroKind.Float or AvroKind.Double, JsonValueKind.Number) => true,
        (AvroKind.Bytes or AvroKind.String, JsonValueKind.String) => true,
        _ => false,
    };
}
