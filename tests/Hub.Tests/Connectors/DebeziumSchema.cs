using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Hub.Core.Schemas;

namespace Hub.Tests.Connectors;

/// <summary>
/// A schema of Kafka Connect, and a value of it as the converters write it: JSON with the schema beside it or without, and Avro.
/// Sources: org.apache.kafka.connect.json.JsonConverter (schemas.enable) and io.confluent.connect.avro.AvroConverter, as documented in
/// https://debezium.io/documentation/reference/stable/configuration/avro.html.
/// </summary>
internal sealed record DebeziumSchema(string Type, string? Name = null, params (string Key, string Value)[] Parameters)
{
    public bool Optional { get; init; } = true;

    public IReadOnlyList<(string Field, DebeziumSchema Schema)> Fields { get; init; } = [];

    public static DebeziumSchema Struct(string name, params (string Field, DebeziumSchema Schema)[] fields) => new("struct", name) { Fields = fields };

    public static DebeziumSchema Decimal(int scale, int precision = 20)
        => new("bytes", "org.apache.kafka.connect.data.Decimal", ("scale", $"{scale}"), ("connect.decimal.precision", $"{precision}"));

    public static DebeziumSchema VariableDecimal() => Struct(
        "io.debezium.data.VariableScaleDecimal", ("scale", new("int32") { Optional = false }), ("value", new("bytes") { Optional = false }));

    /// <summary>A value of this schema: a dictionary for a struct, bytes, text, numbers, booleans.</summary>
    public byte[] ToJson(object? value, bool withSchema)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            if (withSchema)
            {
                json.WriteStartObject();
                json.WritePropertyName("schema");
                WriteSchema(json, field: null);
                json.WritePropertyName("payload");
            }

            Write(json, value);
            if (withSchema)
                json.WriteEndObject();
        }

        return stream.ToArray();
    }

    public byte[] ToAvro(int id, object? value)
    {
        var writer = new AvroWriter();
        writer.BeginRecord(id);
        Write(writer, value, isOptional: false);
        return writer.Written.ToArray();
    }

    public string ToAvroSchema() => AvroOf(isOptional: false, new(StringComparer.Ordinal));

    private void WriteSchema(Utf8JsonWriter json, string? field)
    {
        json.WriteStartObject();
        json.WriteString("type", Type);
        if (Type == "struct")
        {
            json.WriteStartArray("fields");
            foreach (var (name, schema) in Fields)
                schema.WriteSchema(json, name);
            json.WriteEndArray();
        }

        if (Type == "array")
        {
            json.WritePropertyName("items");
            new DebeziumSchema("string").WriteSchema(json, field: null);
        }

        json.WriteBoolean("optional", Optional);
        if (Name is not null)
        {
            json.WriteString("name", Name);
            json.WriteNumber("version", 1);
        }

        if (Parameters.Length > 0)
        {
            json.WriteStartObject("parameters");
            foreach (var (key, value) in Parameters)
                json.WriteString(key, value);
            json.WriteEndObject();
        }

        if (field is not null)
            json.WriteString("field", field);
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case IReadOnlyDictionary<string, object?> row:
                json.WriteStartObject();
                foreach (var (field, schema) in Fields.Where(field => row.ContainsKey(field.Field)))
                {
                    json.WritePropertyName(field);
                    schema.Write(json, row[field]);
                }

                json.WriteEndObject();
                break;
            case string[] list:
                json.WriteStartArray();
                foreach (var text in list)
                    json.WriteStringValue(text);
                json.WriteEndArray();
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            // As Java does it, with an exponent from ten million on.
            case double number when Math.Abs(number) >= 1e7:
                json.WriteRawValue(number.ToString("E16", System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                JsonSerializer.Serialize(json, value, value.GetType());
                break;
        }
    }

    private void Write(AvroWriter writer, object? value, bool isOptional)
    {
        if (isOptional)
            writer.WriteLong(value is null ? 0 : 1);
        switch (value)
        {
            case null:
                break;
            case IReadOnlyDictionary<string, object?> row:
                foreach (var (field, schema) in Fields)
                    schema.Write(writer, row.GetValueOrDefault(field) ?? (schema.Optional ? null : schema.Zero()), schema.Optional);
                break;
            case string[] list:
                writer.WriteLong(list.Length);
                foreach (var text in list)
                    writer.WriteBytes(Encoding.UTF8.GetBytes(text));
                writer.WriteLong(0);
                break;
            case byte[] bytes:
                writer.WriteBytes(bytes);
                break;
            case string text:
                writer.WriteBytes(Encoding.UTF8.GetBytes(text));
                break;
            case bool flag:
                writer.WriteBoolean(flag);
                break;
            case float single:
                Span<byte> four = stackalloc byte[4];
                BinaryPrimitives.WriteSingleLittleEndian(four, single);
                writer.WriteEncoded(four);
                break;
            case double number:
                Span<byte> eight = stackalloc byte[8];
                BinaryPrimitives.WriteDoubleLittleEndian(eight, number);
                writer.WriteEncoded(eight);
                break;
            default:
                writer.WriteLong(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>What a connector puts for a column that must have a value when the old row holds the key alone.</summary>
    private object Zero() => Type switch { "string" => "", "bytes" => Array.Empty<byte>(), "boolean" => false, "double" => 0d, "float" => 0f, _ => 0L };

    private string AvroOf(bool isOptional, HashSet<string> defined)
    {
        var type = Type switch
        {
            "struct" => StructOf(defined),
            "array" => """{ "type": "array", "items": "string" }""",
            _ => PrimitiveOf(),
        };
        return isOptional ? $"""["null", {type}]""" : type;
    }

    private string StructOf(HashSet<string> defined)
    {
        if (!defined.Add(Name!))
            return $"\"{Name}\"";
        var fields = Fields.Select(field => $$"""{ "name": "{{field.Field}}", "type": {{field.Schema.AvroOf(field.Schema.Optional, defined)}} }""");
        return $$"""{ "type": "record", "namespace": "{{Name![..Name!.LastIndexOf('.')]}}", "name": "{{Name![(Name!.LastIndexOf('.') + 1)..]}}", "fields": [{{string.Join(", ", fields)}}], "connect.name": "{{Name}}", "connect.version": 1 }""";
    }

    private string PrimitiveOf()
    {
        var type = Type switch { "int8" or "int16" or "int32" => "int", "int64" => "long", _ => Type };
        var parameters = Parameters.Length == 0 ? "" : $$""", "connect.parameters": { {{string.Join(", ", Parameters.Select(each => $"\"{each.Key}\": \"{each.Value}\""))}} }""";
        var logical = Name switch
        {
            "org.apache.kafka.connect.data.Decimal" => $", \"logicalType\": \"decimal\", \"precision\": {Of("connect.decimal.precision")}, \"scale\": {Of("scale")}",
            "org.apache.kafka.connect.data.Date" => ", \"logicalType\": \"date\"",
            "org.apache.kafka.connect.data.Timestamp" => ", \"logicalType\": \"timestamp-millis\"",
            _ => "",
        };
        return Name is null && parameters.Length == 0 ? $"\"{type}\"" : $$"""{ "type": "{{type}}"{{(Name is null ? "" : $", \"connect.name\": \"{Name}\", \"connect.version\": 1")}}{{parameters}}{{logical}} }""";
    }

    private string Of(string key) => Parameters.First(each => each.Key == key).Value;
}
