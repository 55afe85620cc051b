using System.Buffers;
using System.Text;
using System.Text.Json;
using Hub.Core.Ops;

namespace Hub.Core.Schemas.Types;

/// <summary>Reads schema JSON. Avro's own library decides whether it is a schema at all.</summary>
public static class AvroSchemaText
{
    // Avro's library throws no exception that can be caught for what is nested deeper than the stack.
    private const int MaxDepth = 64;

    /// <param name="json">The schema.</param>
    /// <param name="references">Schemas whose named types it may use, each after those that it uses itself.</param>
    /// <exception cref="HubException">It is not a schema; the finding says why.</exception>
    public static AvroType Parse(string json, IReadOnlyList<string>? references = null)
        => TryParse(json, references ?? [], out var fault) ?? throw new HubException(new Finding(
            Codes.SchemaInvalid, Severity.Error, "schema", $"this is not an Avro schema: {fault}", "See the Avro specification, \"Schema Declaration\"."));

    /// <returns>Null when it is not a schema, with the reason.</returns>
    internal static AvroType? TryParse(string json, IReadOnlyList<string> references, out string fault)
    {
        fault = "";
        try
        {
            var reader = new AvroTypeReader();
            var bare = ElementOf(json);
            var extra = references.Select(ElementOf).ToArray();
            _ = Avro.Schema.Parse(Wrap(bare, extra));
            foreach (var reference in extra)
                reader.Read(reference);
            return reader.Read(bare);
        }
        catch (Exception failure) when (IsSchemaFault(failure))
        {
            fault = failure.Message;
            return null;
        }
    }

    /// <summary>The library has no way to be given named types beforehand, so they go in front as fields of one record.</summary>
    private static string Wrap(JsonElement schema, JsonElement[] references)
    {
        if (references.Length == 0)
            return WithoutLogicalTypes(schema);
        var fields = references.Append(schema).Select((part, i) => $$"""{ "name": "part{{i}}", "type": {{WithoutLogicalTypes(part)}} }""");
        return $$"""{ "type": "record", "name": "HubReferences", "fields": [{{string.Join(',', fields)}}] }""";
    }

    /// <summary>The library refuses logical types that the specification says to ignore, and some that it allows.</summary>
    private static string WithoutLogicalTypes(JsonElement json)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
            WriteBare(writer, json);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static void WriteBare(Utf8JsonWriter writer, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in json.EnumerateObject().Where(property => property.Name != "logicalType"))
                {
                    writer.WritePropertyName(property.Name);
                    WriteBare(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var part in json.EnumerateArray())
                    WriteBare(writer, part);
                writer.WriteEndArray();
                break;
            default:
                json.WriteTo(writer);
                break;
        }
    }

    /// <summary>Registries also take the name of a primitive type without quotes.</summary>
    private static JsonElement ElementOf(string json)
    {
        var text = json.AsSpan().Trim();
        if (text.Length > 0 && text.IndexOfAnyExceptInRange('a', 'z') < 0)
            json = $"\"{text}\"";
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return document.RootElement.Clone();
    }

    /// <summary>The Avro library lets slip what its parts throw for a value of the wrong kind.</summary>
    private static bool IsSchemaFault(Exception failure)
        => failure is Avro.AvroException or JsonException or Newtonsoft.Json.JsonException
            or FormatException or OverflowException or InvalidCastException or ArgumentException or InvalidOperationException or NullReferenceException;
}
