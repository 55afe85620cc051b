using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Hub.Core.Schemas.Types;

namespace Hub.Server.Registry;

/// <summary>A schema that somebody gave, checked.</summary>
/// <param name="Text">As it is kept: without white space, or in its normal form where that was asked for.</param>
/// <param name="Identity">Two schemas are the same one if this is: all attributes count, their order and the way names are written do not. A hash, which the log keeps.</param>
internal sealed record ParsedSchema(AvroType Type, string Text, IReadOnlyList<SchemaReference> References, string Identity)
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="RegistryFault">It is not an Avro schema, or it uses one that is not there.</exception>
    public static ParsedSchema Of(SchemaText given, RegistryState state, bool normalize = false) => Of(given, state, normalize, deleted: false);

    public static ParsedSchema Of(StoredVersion version, RegistryState state) => Of(version.ToText(), state, normalize: false, deleted: true);

    /// <summary>What is kept already may have such defaults; what comes may not.</summary>
    /// <exception cref="RegistryFault">A default is no value of its type.</exception>
    public void CheckDefaults()
    {
        if (AvroDefaults.FindWrong(Type) is { Count: > 0 } wrong)
            throw RegistryFault.InvalidSchema($"the default of {string.Join(", ", wrong)} is no value of its type.");
    }

    /// <param name="deleted">Whether it may use what is deleted: what is kept may, what comes may not.</param>
    private static ParsedSchema Of(SchemaText given, RegistryState state, bool normalize, bool deleted)
    {
        if (given.SchemaType is { } type && type != "AVRO")
            throw RegistryFault.InvalidSchema($"the schema type {type} is not known; this registry holds AVRO.");
        if (string.IsNullOrWhiteSpace(given.Schema))
            throw RegistryFault.InvalidSchema("it is empty.");
        var references = given.References ?? [];
        var parsed = Parse(given.Schema, Resolve(references, state, deleted));
        var normal = AvroCanonicalForm.WithAttributes(parsed);
        var identity = references.Count == 0 ? normal : $"{normal}\n{JsonSerializer.Serialize(references, RegistryJson.Options)}";
        return new(parsed, normalize && references.Count == 0 ? normal : WithoutSpace(given.Schema), references, AvroCanonicalForm.Sha256(identity));
    }

    private static AvroType Parse(string schema, IReadOnlyList<string> references)
    {
        try
        {
            return AvroSchemaText.Parse(schema, references);
        }
        catch (HubException failure)
        {
            throw RegistryFault.InvalidSchema(failure.Findings[0].Message);
        }
    }

    private static List<string> Resolve(IReadOnlyList<SchemaReference> references, RegistryState state, bool deleted)
    {
        var (texts, seen) = (new List<string>(), new HashSet<StoredVersion>());
        foreach (var reference in references)
            Add(reference, deleted);
        return texts;

        void Add(SchemaReference reference, bool alsoDeleted)
        {
            var version = state.VersionsOf(reference.Subject, alsoDeleted).FirstOrDefault(version => version.Version == reference.Version)
                ?? throw RegistryFault.InvalidSchema($"no schema reference found for subject \"{reference.Subject}\" and version {reference.Version}.");
            if (!seen.Add(version))
                return;
            foreach (var below in version.References)
                Add(below, alsoDeleted: true);
            texts.Add(version.Schema);
        }
    }

    private static string WithoutSpace(string schema)
    {
        try
        {
            using var document = JsonDocument.Parse(schema);
            using var bytes = new MemoryStream();
            using (var writer = new Utf8JsonWriter(bytes, Compact))
                document.RootElement.WriteTo(writer);
            return Encoding.UTF8.GetString(bytes.ToArray());
        }
        catch (JsonException)
        {
            // The name of a primitive type, which registries take without quotes.
            return $"\"{schema.Trim()}\"";
        }
    }
}
