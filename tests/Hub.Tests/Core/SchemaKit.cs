using System.Globalization;
using System.Text;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Tests.Core;

/// <summary>Schemas from a few words, and records as plain values.</summary>
internal static class SchemaKit
{
    public const string Subject = "test.thing";

    public static string Record(params string[] fields) => $$"""{ "type": "record", "namespace": "test", "name": "Thing", "fields": [{{string.Join(", ", fields)}}] }""";

    /// <summary>One field of a record: <c>f</c> of the type, and whatever else.</summary>
    public static string Field(string type, string more = "") => $$"""{ "name": "f", "type": {{type}}{{(more.Length > 0 ? $", {more}" : "")}} }""";

    public static AvroType Parse(string json) => AvroSchemaText.Parse(json);

    /// <summary>The incompatibilities as the registry names them, with their places: <c>TYPE_MISMATCH /fields/0/type</c>.</summary>
    public static string[] Check(string reader, string writer)
        => [.. SchemaCompatibility.Check(Parse(reader), Parse(writer)).Select(fault => $"{fault.RegistryName} {fault.Path}")];

    /// <summary>A catalogue of the versions of one subject; version n has the id n.</summary>
    public static SchemaCatalog Catalog(params string[] versions)
    {
        using var folder = Folder(versions);
        return SchemaFolder.Load(folder.Path);
    }

    public static ScratchFolder Folder(params string[] versions)
    {
        var folder = new ScratchFolder();
        for (var i = 0; i < versions.Length; i++)
            folder.Write($"test/thing/{i + 1}.avsc", versions[i].Replace("\"type\": \"record\", \"namespace\": \"test\", \"name\": \"Thing\"", $"\"type\": \"record\", \"namespace\": \"test\", \"name\": \"Thing\", \"hub.id\": {i + 1}", StringComparison.Ordinal));
        return folder;
    }

    public static byte[] Wire(int id, ReadOnlySpan<byte> avro)
    {
        var writer = new AvroWriter();
        writer.BeginRecord(id);
        writer.WriteEncoded(avro);
        return writer.Written.ToArray();
    }

    /// <summary>Every field that the reader gives, as a person would write it.</summary>
    public static Dictionary<string, string?> Read(SchemaCatalog catalog, int id, string hex) => Values(catalog.Read(Wire(id, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))));

    public static Dictionary<string, string?> Values(RecordReader reader)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        while (reader.MoveNext())
            values.Add(reader.Field.Name, reader.IsNull ? null : reader.Field.Type switch
            {
                FieldType.String or FieldType.Enum => Encoding.UTF8.GetString(reader.GetUtf8()),
                FieldType.Boolean => reader.GetBoolean() ? "true" : "false",
                FieldType.Decimal => reader.GetDecimal().ToString(CultureInfo.InvariantCulture),
                _ => reader.GetLong().ToString(CultureInfo.InvariantCulture),
            });
        return values;
    }
}
