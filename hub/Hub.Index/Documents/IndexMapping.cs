using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Index.Documents;

/// <summary>A field as the index knows it, over all subjects that have it.</summary>
/// <param name="Subjects">Where queries may use it: nowhere when it is masked or stored only.</param>
internal sealed record IndexField(string Name, SearchRole Role, int Scale, string? CodeList, IReadOnlySet<string> Subjects)
{
    public bool IsKeyword => Role is SearchRole.Keyword or SearchRole.Flag;

    public bool IsNumeric => Role is SearchRole.Number or SearchRole.Amount or SearchRole.Date or SearchRole.Time;
}

/// <summary>
/// What the schemas make of the index: the fields of each subject's latest version, as which earlier records are read. A field is queryable
/// when no version of its subject masks it, so that an old version cannot leak what a new one hides. All queryable text and keyword fields up to level 3 are full text, but not those that link to another record: their keys are
/// found by a filter, and as words they would be most of the index. Level 4 is never full text, masked or not.
/// </summary>
internal sealed class IndexMapping
{
    private const int MaxTextLevel = 3;

    private readonly HashSet<(string Subject, string Field)> queryable = [];
    private readonly HashSet<(string Subject, string Field)> fullText = [];
    private readonly List<(string Subject, string Field)> filled = [];

    public IndexMapping(SchemaCatalog catalog)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var versions = catalog.Versions.ToLookup(schema => schema.Subject, StringComparer.Ordinal);
        var fields = new Dictionary<string, IndexField>(StringComparer.Ordinal);
        var latest = catalog.Subjects.SelectMany(schema => schema.Fields, (schema, field) => (schema.Subject, Field: field));
        foreach (var named in latest.GroupBy(pair => pair.Field.Name, StringComparer.Ordinal))
        {
            Check(named.Key, named.First().Subject);
            var open = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (subject, field) in named)
            {
                FieldSchema[] all = [.. versions[subject].Select(schema => schema.Find(field)).OfType<FieldSchema>()];
                if (all.All(field => field.IsQueryable))
                    open.Add(subject);
                lines[$"{subject}.{named.Key}"] = Admit(subject, field, all);
                foreach (var alias in field.Aliases)
                    lines[$"{subject}.{alias}"] = $"now {field.Name}";
                if (field.Default is { IsNull: false } && IsQueryable(subject, field.Name))
                    filled.Add((subject, field.Name));
            }

            var any = named.First().Field;
            fields[named.Key] = new(any.Name, any.Search, any.Scale, named.Select(pair => pair.Field.CodeList).FirstOrDefault(list => list is not null), open);
        }

        Catalog = catalog;
        Fields = fields;
        Fingerprint = lines;
    }

    public SchemaCatalog Catalog { get; }

    public IReadOnlyDictionary<string, IndexField> Fields { get; }

    /// <summary>Per <c>subject.field</c>, how the index treats it; kept in the index to notice when that changes.</summary>
    public IReadOnlyDictionary<string, string> Fingerprint { get; }

    /// <summary>Queryable fields that hold a default in records of writers that did not know them.</summary>
    public IReadOnlyList<(string Subject, string Field)> Filled => filled;

    public bool IsQueryable(string subject, string field) => queryable.Contains((subject, field));

    public bool IsFullText(string subject, string field) => fullText.Contains((subject, field));

    /// <summary>What a code is called. One that was renamed, or means other things in other regions, has no one name.</summary>
    public Func<string, string?> NamesOf(IndexField field)
    {
        if (field.CodeList is not { } list || !Catalog.CodeLists.Contains(list))
            return _ => null;
        var names = Catalog.CodeLists[list].GroupBy(code => code.Value, StringComparer.Ordinal)
            .ToDictionary(codes => codes.Key, codes => codes.Select(code => code.Name).Distinct().Take(2).ToArray(), StringComparer.Ordinal);
        return value => names.GetValueOrDefault(value) is [var only] ? only : null;
    }

    private string Admit(string subject, FieldSchema latest, FieldSchema[] versions)
    {
        if (!versions.All(field => field.IsQueryable))
            return "-";
        queryable.Add((subject, latest.Name));
        var isText = (latest.Search is SearchRole.Text || (latest.Search is SearchRole.Keyword && latest.Link is null)) && versions.All(field => field.Level <= MaxTextLevel);
        if (isText)
            fullText.Add((subject, latest.Name));
        return string.Create(CultureInfo.InvariantCulture, $"{latest.Search}:{latest.Scale}:{(isText ? latest.IsTitle ? "title" : "text" : "exact")}");
    }

    private static void Check(string name, string subject)
    {
        if (name.StartsWith('_'))
        {
            throw new HubException(new Finding(Codes.SchemaFieldClash, Severity.Error, subject, $"the field '{name}' starts with an underscore, which the index keeps for itself.", "Give the field another name."));
        }
    }
}
