using System.Collections.Immutable;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas.Resolution;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas;

/// <summary>Reads one annotated Avro schema. Everything that is wrong is a finding, not the first thing only.</summary>
internal sealed class SchemaReader(string place, List<Finding> findings)
{
    private const int MaxPrecision = 38;

    private static readonly string[] RecordKeys = ["hub.id", "hub.region", "hub.year"];
    private static readonly string[] FieldKeys = ["hub.search", "hub.title", "hub.level", "hub.mask", "hub.link", "hub.codes"];

    public SubjectSchema? Read(string json, int version)
    {
        var before = findings.Count;
        if (Parse(json) is not { } type)
            return null;

        var root = type.Json;
        CheckNames(root, RecordKeys, "the record");
        var id = Number(root, "hub.id") is > 0 and var value ? value : 0;
        if (id == 0)
            Fail("the record has no positive \"hub.id\".", "Give it a number that no other schema file has.");

        var fields = ReadFields(type);
        var region = Named(root, "hub.region", fields, FieldType.String);
        var year = Named(root, "hub.year", fields, FieldType.String, FieldType.Int, FieldType.Long);
        return findings.Count > before
            ? null
            : new SubjectSchema(SubjectOf(type), version, id, type.Doc ?? "", fields, json) { Type = type, Region = region, Year = year };
    }

    private AvroRecord? Parse(string json)
    {
        var type = AvroSchemaText.TryParse(json, [], out var fault);
        if (type is AvroRecord { Name: { Space.Length: > 0, Short.Length: > 0 } } record)
            return record;
        if (type is null)
            Fail($"this is not an Avro schema: {fault}", "See the Avro specification, \"Schema Declaration\".");
        else
            Fail("the schema is not a record with a name and a namespace.", "Write {\"type\": \"record\", \"namespace\": …, \"name\": …, \"fields\": […]}.");
        return null;
    }

    private static string SubjectOf(AvroRecord type) => $"{type.Name.Space}.{char.ToLowerInvariant(type.Name.Short[0])}{type.Name.Short[1..]}";

    private ImmutableArray<FieldSchema> ReadFields(AvroRecord record)
    {
        var fields = ImmutableArray.CreateBuilder<FieldSchema>();
        foreach (var source in record.Fields)
            if (ReadField(source) is { } field)
                fields.Add(field);

        if (fields.Count(field => field.IsTitle) > 1)
            Fail("more than one field has \"hub.title\".", "Keep it on the field that should head a search hit.");
        return fields.ToImmutable();
    }

    private FieldSchema? ReadField(AvroField source)
    {
        var (name, element, type) = (source.Name, source.Json, source.Type);
        CheckNames(element, FieldKeys, $"field '{name}'");
        var nullBranch = 0;
        if (type is AvroUnion { Branches: var branches })
        {
            nullBranch = branches is [{ Kind: AvroKind.Null }, _] ? 0 : 1;
            if (branches.Length != 2 || branches[nullBranch].Kind != AvroKind.Null)
                return FailField(name, "is a union other than of null and one type.", "Write [\"null\", type].");
            type = branches[1 - nullBranch];
        }

        if (TypeOf(type) is not { } fieldType)
            return FailField(name, $"has the type {type.Json.GetRawText()}, which Hub does not carry.", "Use string, boolean, int, long, decimal, date, timestamp-micros or enum.");

        var field = new FieldSchema
        {
            Name = name,
            Ordinal = source.Ordinal,
            Type = fieldType,
            Nullable = source.Type is AvroUnion,
            NullBranch = nullBranch,
            Precision = fieldType == FieldType.Decimal ? Number(type.Json, "precision") ?? 0 : 0,
            Scale = fieldType == FieldType.Decimal ? Number(type.Json, "scale") ?? 0 : 0,
            Symbols = type is AvroEnum { Symbols: var symbols } ? symbols : [],
            Aliases = source.Aliases,
            Doc = source.Doc ?? "",
            Search = Choice<SearchRole>(element, "hub.search", name),
            IsTitle = Flag(element, "hub.title", name),
            Level = element.TryGetProperty("hub.level", out _) ? Number(element, "hub.level") ?? 0 : 2,
            Mask = Choice<MaskRule>(element, "hub.mask", name),
            Link = Word(element, "hub.link", name),
            CodeList = Word(element, "hub.codes", name),
        };
        CheckRole(field);
        return WithDefault(field, source);
    }

    private FieldSchema WithDefault(FieldSchema field, AvroField source)
    {
        if (source.Default is not { } json)
            return field;
        if (FieldDefault.Of(field, json) is not { } value)
        {
            FailField(field.Name, $"has the default {json.GetRawText()}, which is not a value of its type.", field.Nullable ? "Write null without quotes, or a value of the type." : "Write a value of the type, or leave the default out.");
            return field;
        }

        return field with { Default = value };
    }

    // By what is written, not by what is valid: a decimal of an impossible precision is refused as such below.
    private static FieldType? TypeOf(AvroType type) => (type.Kind, type.Text("logicalType")) switch
    {
        (AvroKind.String, null) => FieldType.String,
        (AvroKind.Boolean, null) => FieldType.Boolean,
        (AvroKind.Int, null) => FieldType.Int,
        (AvroKind.Long, null) => FieldType.Long,
        (AvroKind.Bytes, "decimal") => FieldType.Decimal,
        (AvroKind.Int, "date") => FieldType.Date,
        (AvroKind.Long, "timestamp-micros") => FieldType.Timestamp,
        (AvroKind.Enum, null) => FieldType.Enum,
        _ => null,
    };

    private void CheckRole(FieldSchema field)
    {
        if (field.Type == FieldType.Decimal && (field.Precision is < 1 or > MaxPrecision || field.Scale < 0 || field.Scale > field.Precision))
            FailField(field.Name, $"is a decimal of precision {field.Precision} and scale {field.Scale}.", $"Precision is 1 to {MaxPrecision}, scale 0 to precision.");
        var fits = field.Search switch
        {
            SearchRole.None => true,
            SearchRole.Text or SearchRole.Keyword => field.Type is FieldType.String or FieldType.Enum,
            SearchRole.Date => field.Type == FieldType.Date,
            SearchRole.Time => field.Type == FieldType.Timestamp,
            SearchRole.Amount => field.Type == FieldType.Decimal,
            SearchRole.Number => field.Type is FieldType.Int or FieldType.Long,
            _ => field.Type == FieldType.Boolean,
        };
        if (!fits)
            FailField(field.Name, $"is {field.Type} and cannot be searched as {field.Search}.", "Choose the hub.search role of its type.");
        if (field.Level is < 1 or > 4)
            FailField(field.Name, "has a level that is not one.", "Levels are the numbers 1 (public) to 4 (sensitive personal data).");
        if (field.IsTitle && field.Search is not (SearchRole.Text or SearchRole.Keyword))
            FailField(field.Name, "is the title but not text or keyword.", "Give it \"hub.search\": \"text\".");
        if ((field.Mask != MaskRule.None || field.Link is not null || field.CodeList is not null) && field.Type != FieldType.String)
            FailField(field.Name, "has a mask, link or code list but is not a string.", "Make it a string.");
        if (field.Mask != MaskRule.None && field.Link is not null)
            FailField(field.Name, "has a mask and a link, and a link shows the whole value.", "Keep one of the two.");
        if (field.Level == FieldSchema.SensitiveLevel && field.Mask == MaskRule.None)
            FailField(field.Name, "is of level 4 and has no mask, so that everybody would see it whole.", "Make it a string with \"hub.mask\", or leave the field out.");
    }

    private T Choice<T>(JsonElement element, string key, string field) where T : struct, Enum
    {
        if (Word(element, key, field) is not { } text)
            return default;
        if (Enum.TryParse<T>(text, ignoreCase: true, out var choice) && Enum.GetName(choice)?.ToLowerInvariant() == text)
            return choice;
        FailField(field, $"has \"{key}\": \"{text}\".", $"Use one of: {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}.");
        return default;
    }

    /// <summary>A mistyped annotation would be silently without effect; a mistyped mask would show what it should hide.</summary>
    private void CheckNames(JsonElement element, string[] known, string owner)
    {
        foreach (var property in element.EnumerateObject())
            if (property.Name.StartsWith("hub.", StringComparison.Ordinal) && !known.Contains(property.Name))
                Fail($"{owner} has the unknown attribute \"{property.Name}\".", Nearest.Suggest(property.Name, known, "attributes"));
    }

    private bool Flag(JsonElement element, string key, string field)
    {
        if (!element.TryGetProperty(key, out var value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            FailField(field, $"has a \"{key}\" that is not a boolean.", "Write true or false without quotes.");
        return value.ValueKind == JsonValueKind.True;
    }

    private string? Word(JsonElement element, string key, string field)
    {
        if (element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.String)
            FailField(field, $"has a \"{key}\" that is not text.", "Write it in quotes.");
        return Text(element, key);
    }

    private FieldSchema? Named(JsonElement root, string key, ImmutableArray<FieldSchema> fields, params FieldType[] types)
    {
        if (Text(root, key) is not { } name)
            return null;
        var field = fields.FirstOrDefault(field => field.Name == name);
        if (field is null)
            Fail($"\"{key}\" names the field '{name}', which is not there.", "Name a field of this record.");
        else if (!types.Contains(field.Type))
            Fail($"\"{key}\" names the field '{name}', which is {field.Type}.", $"Name a field of the type {string.Join(" or ", types)}.");
        return field;
    }

    private FieldSchema? FailField(string field, string message, string suggestion)
    {
        Fail($"field '{field}' {message}", suggestion);
        return null;
    }

    private void Fail(string message, string suggestion)
        => findings.Add(new(Codes.SchemaInvalid, Severity.Error, place, message, suggestion));

    private static int? Number(JsonElement element, string key)
        => element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string? Text(JsonElement element, string key)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
