namespace Hub.Core.Index;

/// <summary>A search over one, several or all subjects. The names of fields are those of the schemas.</summary>
public sealed record SearchQuery
{
    /// <summary>
    /// Words, each of which must occur whole; <c>"…"</c> is a phrase; <c>-word</c> must not occur. Chinese without spaces is one word: every
    /// pair of neighbouring characters must occur. Null or empty: all documents.
    /// </summary>
    public string? Text { get; init; }

    /// <summary>Empty: all subjects.</summary>
    public IReadOnlyList<string> Subjects { get; init; } = [];

    /// <summary>All must hold.</summary>
    public IReadOnlyList<Filter> Filters { get; init; } = [];

    /// <summary>Null: by relevance, then id. A field: by it, then id; documents without the field last.</summary>
    public SortOrder? Sort { get; init; }

    /// <summary>Keyword, number and flag fields to count by; <c>subject</c> and <c>source</c> as well.</summary>
    public IReadOnlyList<string> Facets { get; init; } = [];

    /// <summary>Values per facet.</summary>
    public int FacetSize { get; init; } = 20;

    public bool Highlight { get; init; } = true;

    /// <summary>Whether to say how the query was understood and why each hit matches; for operators, as it takes time.</summary>
    public bool Explain { get; init; }

    /// <summary>Hits per page, 0 to 1000.</summary>
    public int Size { get; init; } = 20;

    /// <summary><see cref="SearchResult.NextCursor"/> of the page before, with an otherwise equal query.</summary>
    public string? Cursor { get; init; }
}

public sealed record SortOrder(string Field, bool Descending);

public abstract record Filter(string Field);

/// <summary>The field has one of the values (as text; numbers, dates and booleans in their JSON form). <c>subject</c>, <c>source</c> and <c>id</c> are fields too.</summary>
public sealed record TermFilter(string Field, IReadOnlyList<string> Values) : Filter(Field);

/// <summary>The field lies in the range. Values as text: <c>12.50</c>, <c>2025-03-01</c>, <c>2025-03-01T08:00:00Z</c>. Null is open.</summary>
public sealed record RangeFilter(string Field, string? From, string? To, bool IncludeFrom = true, bool IncludeTo = true) : Filter(Field);

/// <summary>The field has a value, or has none.</summary>
public sealed record ExistsFilter(string Field, bool Exists) : Filter(Field);

/// <summary>A page of hits.</summary>
/// <param name="Total">How many documents match in all.</param>
/// <param name="NextCursor">Null on the last page.</param>
public sealed record SearchResult(
    long Total, IReadOnlyList<SearchHit> Hits, IReadOnlyList<Facet> Facets, string? NextCursor)
{
    /// <summary>When it was asked for.</summary>
    public QueryExplanation? Explanation { get; init; }
}

/// <summary>One hit.</summary>
/// <param name="Score">Relevance; 0 when sorted by a field.</param>
/// <param name="Highlights">Per field, fragments of its text with <c>&lt;em&gt;</c> around what matched; everything else is HTML-escaped.</param>
public sealed record SearchHit(StoredDocument Document, float Score, IReadOnlyDictionary<string, IReadOnlyList<string>> Highlights)
{
    /// <summary>When it was asked for.</summary>
    public HitExplanation? Explanation { get; init; }
}

/// <summary>How often each value of a field occurs among all matches, most frequent first.</summary>
/// <param name="Other">Matches whose value is not listed.</param>
public sealed record Facet(string Field, IReadOnlyList<FacetValue> Values, long Other);

/// <param name="Name">The name of the code, when the field has a code list; null when not or when it is not the same for all matches.</param>
public sealed record FacetValue(string Value, long Count, string? Name);
