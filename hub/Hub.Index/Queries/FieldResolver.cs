using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>What <see cref="IndexField.Name"/> is for the fields of the document itself; no schema may begin a name like that.</summary>
internal static class OwnFields
{
    public const string Subject = "_subject";
    public const string Source = "_source";
    public const string Id = "_uid";
}

/// <summary>Finds the fields that a query names, in the subjects it asks for.</summary>
internal sealed class FieldResolver
{
    private static readonly HashSet<string> Anywhere = new(StringComparer.Ordinal);

    /// <summary>Of the document itself, not of its record. They come before schema fields of the same name.</summary>
    private static readonly Dictionary<string, IndexField> Own = new(StringComparer.Ordinal)
    {
        ["subject"] = new(OwnFields.Subject, SearchRole.Keyword, 0, null, Anywhere),
        ["source"] = new(OwnFields.Source, SearchRole.Keyword, 0, null, Anywhere),
        ["id"] = new(OwnFields.Id, SearchRole.None, 0, null, Anywhere),
    };

    private readonly IndexMapping mapping;

    /// <exception cref="HubException">A subject is not known.</exception>
    public FieldResolver(IndexMapping mapping, IReadOnlyList<string> subjects)
    {
        this.mapping = mapping;
        foreach (var subject in subjects)
            CheckSubject(mapping.Catalog, subject);
        Subjects = subjects.Count > 0 ? subjects : [.. mapping.Catalog.Subjects.Select(schema => schema.Subject)];
    }

    /// <summary>The subjects asked for; all when none is named.</summary>
    public IReadOnlyList<string> Subjects { get; }

    public static void CheckSubject(SchemaCatalog catalog, string subject)
    {
        if (catalog.Find(subject) is null)
        {
            throw QueryFault.Of(Codes.QueryUnknownSubject, $"There is no subject '{subject}'.", QueryFault.DidYouMean(subject, catalog.Subjects.Select(schema => schema.Subject)));
        }
    }

    /// <exception cref="HubException">The field is not there, or is not for queries.</exception>
    public IndexField Find(string name)
    {
        if (Own.TryGetValue(name, out var own))
            return own;
        if (!mapping.Fields.TryGetValue(name, out var field))
            throw Unknown($"There is no field '{name}'.", name);
        if (Subjects.Any(field.Subjects.Contains))
            return field;
        var holders = Subjects.Where(subject => mapping.Catalog.Versions.Any(schema => schema.Subject == subject && schema.Find(name) is not null)).ToList();
        if (holders.Count == 0)
            throw Unknown($"{string.Join(", ", Subjects)}: no field '{name}'.", name);
        throw QueryFault.Of(
            Codes.QueryFieldRole,
            $"The field '{name}' cannot be queried: it is masked or only stored.",
            $"Fields to query are: {string.Join(", ", Queryable().Order(StringComparer.Ordinal))}.");
    }

    private HubException Unknown(string message, string name)
        => QueryFault.Of(Codes.QueryUnknownField, message, QueryFault.DidYouMean(name, Queryable().Concat(Own.Keys)));

    private IEnumerable<string> Queryable()
        => mapping.Fields.Values.Where(field => Subjects.Any(field.Subjects.Contains)).Select(field => field.Name);
}
