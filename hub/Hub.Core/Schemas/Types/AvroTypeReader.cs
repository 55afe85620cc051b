using System.Collections.Immutable;
using System.Text.Json;

namespace Hub.Core.Schemas.Types;

/// <summary>Builds types from schema JSON that Avro's own library has already accepted.</summary>
internal sealed class AvroTypeReader
{
    private readonly Dictionary<string, AvroNamed> names = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">The JSON is not a schema.</exception>
    public AvroType Read(JsonElement json, string space = "") => json.ValueKind switch
    {
        JsonValueKind.String => ReadName(json, space),
        JsonValueKind.Array => new AvroUnion([.. json.EnumerateArray().Select(branch => Read(branch, space))], json),
        JsonValueKind.Object => ReadObject(json, space),
        _ => throw new FormatException($"{json.GetRawText()} is not a type."),
    };

    private AvroType ReadName(JsonElement json, string space)
    {
        var written = json.GetString()!;
        return PrimitiveOf(written) is { } kind ? new AvroPrimitive(kind, json)
            : names.GetValueOrDefault(AvroName.Of(written, space).Full) ?? names.GetValueOrDefault(written)
                ?? throw new FormatException($"the type '{written}' is not known.");
    }

    private AvroType ReadObject(JsonElement json, string space)
    {
        if (!json.TryGetProperty("type", out var type))
            throw new FormatException($"{json.GetRawText()} has no \"type\".");
        if (type.ValueKind != JsonValueKind.String)
            return Read(type, space);

        var word = type.GetString()!;
        return PrimitiveOf(word) is { } kind ? new AvroPrimitive(kind, json) : word switch
        {
            "array" => new AvroArray(Read(Part(json, "items"), space), json),
            "map" => new AvroMap(Read(Part(json, "values"), space), json),
            "record" or "error" => ReadRecord(json, space),
            "enum" => Named(new AvroEnum(NameOf(json, space), json)),
            "fixed" => Named(new AvroFixed(NameOf(json, space), json)),
            _ => ReadName(type, space),
        };
    }

    private AvroRecord ReadRecord(JsonElement json, string space)
    {
        // Known before its fields are read: they may be of this very type.
        var record = Named(new AvroRecord(NameOf(json, space), json));
        var fields = ImmutableArray.CreateBuilder<AvroField>();
        foreach (var field in Part(json, "fields").EnumerateArray())
            fields.Add(new(fields.Count, Read(Part(field, "type"), record.Name.Space), field));
        record.Fields = fields.ToImmutable();
        return record;
    }

    private T Named<T>(T type) where T : AvroNamed
        => names.TryAdd(type.Name.Full, type) ? type : throw new FormatException($"the type '{type.Name.Full}' is defined twice.");

    private static AvroName NameOf(JsonElement json, string enclosing)
    {
        var written = AvroAttributes.Text(json, "name") ?? throw new FormatException("a record, enum or fixed has no name.");
        return AvroName.Of(written, AvroAttributes.Text(json, "namespace") ?? enclosing);
    }

    private static JsonElement Part(JsonElement json, string name)
        => json.TryGetProperty(name, out var part) ? part : throw new FormatException($"{json.GetRawText()} has no \"{name}\".");

    private static AvroKind? PrimitiveOf(string word) => word switch
    {
        "null" => AvroKind.Null,
        "boolean" => AvroKind.Boolean,
        "int" => AvroKind.Int,
        "long" => AvroKind.Long,
        "float" => AvroKind.Float,
        "double" => AvroKind.Double,
        "bytes" => AvroKind.Bytes,
        "string" => AvroKind.String,
        _ => null,
    };
}
