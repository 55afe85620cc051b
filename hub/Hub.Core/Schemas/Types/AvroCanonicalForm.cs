using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hub.Core.Schemas.Types;

/// <summary>
/// A schema as one text that does not depend on how it was written. Two schemas with the same canonical form read and write the
/// same bytes. Source: Avro 1.12 specification, "Parsing Canonical Form for Schemas".
/// </summary>
public sealed class AvroCanonicalForm
{
    private const ulong EmptyFingerprint = 0xc15d213aa4d7a795;

    private static readonly ulong[] FingerprintTable = MakeFingerprintTable();

    private readonly HashSet<string> defined = new(StringComparer.Ordinal);
    private readonly Utf8JsonWriter writer;
    private readonly bool isComplete;

    private AvroCanonicalForm(Utf8JsonWriter writer, bool isComplete) => (this.writer, this.isComplete) = (writer, isComplete);

    /// <summary>The Parsing Canonical Form: what decides about the bytes, and nothing else.</summary>
    public static string Of(AvroType type) => Write(type, isComplete: false);

    /// <summary>The canonical form with defaults, aliases, docs and every other attribute, sorted by name: whether two texts say the same schema.</summary>
    public static string WithAttributes(AvroType type) => Write(type, isComplete: true);

    /// <summary>CRC-64-AVRO of a canonical form.</summary>
    public static ulong Fingerprint(string canonical)
    {
        var print = EmptyFingerprint;
        foreach (var part in Encoding.UTF8.GetBytes(canonical))
            print = (print >> 8) ^ FingerprintTable[(int)((print ^ part) & 0xff)];
        return print;
    }

    /// <summary>SHA-256 of a canonical form, in lower-case hexadecimal.</summary>
    public static string Sha256(string canonical) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));

    private static string Write(AvroType type, bool isComplete)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            new AvroCanonicalForm(writer, isComplete).Write(type);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private void Write(AvroType type)
    {
        switch (type)
        {
            case AvroUnion union:
                writer.WriteStartArray();
                foreach (var branch in union.Branches)
                    Write(branch);
                writer.WriteEndArray();
                break;
            case AvroNamed named when !defined.Add(named.Name.Full):
                writer.WriteStringValue(named.Name.Full);
                break;
            case AvroPrimitive when !isComplete || !Others(type.Json).Any():
                writer.WriteStringValue(WordOf(type));
                break;
            default:
                WriteObject(type);
                break;
        }
    }

    private void WriteObject(AvroType type)
    {
        writer.WriteStartObject();
        if (type is AvroNamed named)
            writer.WriteString("name", named.Name.Full);
        writer.WriteString("type", WordOf(type));
        switch (type)
        {
            case AvroRecord record:
                WriteFields(record);
                break;
            case AvroEnum symbols:
                writer.WriteStartArray("symbols");
                foreach (var symbol in symbols.Symbols)
                    writer.WriteStringValue(symbol);
                writer.WriteEndArray();
                break;
            case AvroArray array:
                writer.WritePropertyName("items");
                Write(array.Items);
                break;
            case AvroMap map:
                writer.WritePropertyName("values");
                Write(map.Values);
                break;
            case AvroFixed @fixed:
                writer.WriteNumber("size", @fixed.Size);
                break;
        }

        WriteOthers(type.Json, (type as AvroNamed)?.Aliases.Select(alias => alias.Full));
        writer.WriteEndObject();
    }

    private void WriteFields(AvroRecord record)
    {
        writer.WriteStartArray("fields");
        foreach (var field in record.Fields)
        {
            writer.WriteStartObject();
            writer.WriteString("name", field.Name);
            writer.WritePropertyName("type");
            Write(field.Type);
            WriteOthers(field.Json, field.Aliases);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteOthers(JsonElement json, IEnumerable<string>? aliases)
    {
        if (!isComplete)
            return;
        var names = aliases?.ToArray() ?? [];
        if (names.Length > 0)
        {
            writer.WriteStartArray("aliases");
            foreach (var name in names)
                writer.WriteStringValue(name);
            writer.WriteEndArray();
        }

        foreach (var other in Others(json))
            other.WriteTo(writer);
    }

    private static IEnumerable<JsonProperty> Others(JsonElement json)
        => json.ValueKind != JsonValueKind.Object ? []
            : json.EnumerateObject()
                .Where(property => property.Name is not ("name" or "namespace" or "type" or "fields" or "symbols" or "items" or "values" or "size" or "aliases"))
                .OrderBy(property => property.Name, StringComparer.Ordinal);

    private static string WordOf(AvroType type) => type.Kind.ToString().ToLowerInvariant();

    private static ulong[] MakeFingerprintTable()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var print = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
                print = (print >> 1) ^ (EmptyFingerprint & (ulong)-(long)(print & 1));
            table[i] = print;
        }

        return table;
    }
}
