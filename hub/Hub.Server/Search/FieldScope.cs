using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>The fields that a query over some subjects may name.</summary>
internal sealed class FieldScope(SchemaCatalog catalog, IReadOnlyList<string> subjects)
{
    /// <summary>Fields that every document has, beside those of its schema.</summary>
    public static readonly IReadOnlyList<string> Common = ["subject", "source", Id];

    private const string Id = "id";

    private static readonly FieldSchema Keyword = new() { Name = "", Ordinal = -1, Type = FieldType.String, Nullable = false, Search = SearchRole.Keyword };

    private readonly Dictionary<string, FieldSchema> fields = subjects
        .SelectMany(subject => catalog.Find(subject)!.Fields)
        .GroupBy(field => field.Name, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    /// <exception cref="HubException">No such field, or not one that queries may use.</exception>
    public FieldSchema Require(string name, string parameter)
    {
        // Before a field of the same name: the document's own is what a query means.
        if (name == Id)
            throw Role(parameter, "every record has an 'id' of its own: queries can name ids, but not sort, count or compare by them.", "Write id=source:key; without q and sort, records come by id.");
        if (Common.Contains(name, StringComparer.Ordinal))
            return Keyword with { Name = name };
        if (!fields.TryGetValue(name, out var field))
            throw Unknown(name, parameter);
        if (field.Mask != MaskRule.None)
            throw Role(parameter, $"'{name}' is personal and shown masked, so queries cannot use it.", "Leave it out.");
        return field.IsQueryable
            ? field
            : throw Role(parameter, $"'{name}' is stored only and cannot be searched.", "Leave it out; it is in the record.");
    }

    public static HubException Role(string parameter, string message, string suggestion)
        => new(new Finding(Codes.QueryFieldRole, Severity.Error, parameter, message, suggestion));

    private HubException Unknown(string name, string parameter)
    {
        var elsewhere = catalog.Subjects.FirstOrDefault(schema => schema.Find(name) is not null);
        var suggestion = elsewhere is not null
            ? $"'{name}' is a field of {elsewhere.Subject}; search that subject."
            : Nearest.To(name, [.. fields.Keys, .. SearchParameters.Names, .. Common]) is { } near
                ? $"Did you mean '{near}'?"
                : "The fields are listed at /api/v1/catalog, the parameters at /docs.";
        return new(new Finding(Codes.QueryUnknownField, Severity.Error, parameter, $"there is no parameter or field '{name}'.", suggestion));
    }
}
