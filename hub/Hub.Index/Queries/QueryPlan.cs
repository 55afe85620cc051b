using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>A search that was understood: words read, fields found, values checked. What is left to an engine is to say it in its own language.</summary>
internal sealed class QueryPlan
{
    private const int MaxSize = 1000;

    /// <exception cref="HubException">The query is wrong.</exception>
    public QueryPlan(SearchQuery query, IndexMapping mapping, TextAnalysis analysis, Vocabulary vocabulary)
    {
        if (query.Size is < 0 or > MaxSize || query.FacetSize is < 0 or > MaxSize)
            throw QueryFault.Of(Codes.QueryInvalid, $"A page of {query.Size} hits and {query.FacetSize} facet values cannot be given.", $"Both are 0 to {MaxSize}.");
        var fields = new FieldResolver(mapping, query.Subjects);
        Query = query;
        Subjects = fields.Subjects;
        Words = string.IsNullOrWhiteSpace(query.Text) ? [] : vocabulary.Understand(SearchWords.Parse(query.Text, analysis));
        Conditions = [.. query.Filters.Select(filter => Condition.Of(filter, fields))];
        Sort = query.Sort is { } order ? Sortable(fields.Find(order.Field), order.Field) : null;
        Facets = [.. query.Facets.Select(name => (name, Countable(fields.Find(name), name)))];
    }

    public SearchQuery Query { get; }

    /// <summary>The subjects asked for; all when none is named.</summary>
    public IReadOnlyList<string> Subjects { get; }

    public IReadOnlyList<SearchWord> Words { get; }

    public IReadOnlyList<Condition> Conditions { get; }

    /// <summary>Null: by relevance.</summary>
    public IndexField? Sort { get; }

    public IReadOnlyList<(string Name, IndexField Field)> Facets { get; }

    /// <summary>Whether documents differ in how well they match.</summary>
    public bool HasScore => Words.Any(word => !word.IsExcluded);

    private static IndexField Sortable(IndexField field, string name)
        => field.Role is SearchRole.Text or SearchRole.None
            ? throw QueryFault.Of(
                Codes.QueryFieldRole, $"Hits cannot be sorted by '{name}'.",
                "Sort by a keyword, flag, number, amount, date or time; without a sort, hits come by relevance and then by id.")
            : field;

    private static IndexField Countable(IndexField field, string name)
        => field.IsKeyword || field.Role == SearchRole.Number
            ? field
            : throw QueryFault.Of(Codes.QueryFieldRole, $"The values of '{name}' cannot be counted.", "Count keyword, flag and number fields, 'subject' or 'source'.");
}
