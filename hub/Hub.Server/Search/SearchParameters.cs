using System.Globalization;
using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Hosting;
using Microsoft.Extensions.Primitives;

namespace Hub.Server.Search;

/// <summary>Makes a <see cref="SearchQuery"/> of a query string. Nothing is guessed or ignored: what cannot be read is refused.</summary>
internal static class SearchParameters
{
    /// <summary>Parameters that are not fields.</summary>
    public static readonly IReadOnlyList<string> Names = ["q", "subject", "sort", "facet", "facetSize", "highlight", "size", "cursor", "minFreshness", "waitFor", "wait", "explain"];

    /// <summary>Subjects of Hub itself, such as its dead letters, are searched only when asked for by name.</summary>
    public const string OwnDomain = "hub.";

    private const int MaxTextLength = 1000;
    private const int MaxValues = 1000;
    private const int MaxExplained = 100;

    /// <param name="findings">Is told of everything that is wrong.</param>
    public static SearchQuery Read(IQueryCollection given, SchemaCatalog catalog, List<Finding> findings)
    {
        var subjects = Try(() => Subjects(given, catalog), findings) ?? DefaultSubjects(catalog);
        var scope = new FieldScope(catalog, subjects);
        var query = new SearchQuery { Subjects = subjects };
        query = Try(() => query with { Text = Text(Single(given, "q")) }, findings) ?? query;
        query = Try(() => query with { Sort = Sort(Single(given, "sort"), scope) }, findings) ?? query;
        query = Try(() => query with { Facets = Facets(given, scope) }, findings) ?? query;
        query = Try(() => query with { FacetSize = Number(given, "facetSize", 1, 1000, query.FacetSize) }, findings) ?? query;
        query = Try(() => query with { Size = Number(given, "size", 0, 1000, query.Size) }, findings) ?? query;
        query = Try(() => query with { Highlight = Flag(given, "highlight", query.Highlight) }, findings) ?? query;
        query = Try(() => query with { Cursor = Cursor(given) }, findings) ?? query;
        query = Try(() => query with { Explain = Explain(given, query.Size) }, findings) ?? query;
        return query with { Filters = FilterParameters.Read(given, scope, findings) };
    }

    /// <summary>Runs one part; what it finds wrong is kept, so that the caller hears of everything at once.</summary>
    public static T? Try<T>(Func<T?> read, List<Finding> findings) where T : class
    {
        try
        {
            return read();
        }
        catch (HubException failure)
        {
            findings.AddRange(failure.Findings);
            return null;
        }
    }

    public static HubException Invalid(string parameter, string message, string suggestion)
        => new(new Finding(Codes.QueryInvalid, Severity.Error, parameter, message, suggestion));

    private static IReadOnlyList<string> DefaultSubjects(SchemaCatalog catalog)
        => [.. catalog.Subjects.Select(schema => schema.Subject).Where(subject => !subject.StartsWith(OwnDomain, StringComparison.Ordinal))];

    private static IReadOnlyList<string> Subjects(IQueryCollection given, SchemaCatalog catalog)
    {
        var names = List(given, "subject");
        foreach (var name in names)
            if (catalog.Find(name) is null)
                throw new HubException(UnknownSubject(name, catalog, "subject"));
        return names.Count > 0 ? names : DefaultSubjects(catalog);
    }

    public static Finding UnknownSubject(string name, SchemaCatalog catalog, string place)
        => new(Codes.QueryUnknownSubject, Severity.Error, place, $"there is no subject '{name}'.",
            Nearest.Suggest(name, [.. catalog.Subjects.Select(schema => schema.Subject)], "subjects"));

    private static string? Text(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (text.Length > MaxTextLength)
            throw Invalid("q", $"the text has {text.Length} characters.", $"Use {MaxTextLength} at most.");
        // Chinese input methods write their own quotation marks.
        text = text.Replace('“', '"').Replace('”', '"').Trim();
        return text.Count(letter => letter == '"') % 2 == 0
            ? text
            : throw Invalid("q", "a quotation mark has no partner.", "Write phrases like \"学校 食堂\", or leave the mark out.");
    }

    private static SortOrder? Sort(string? text, FieldScope scope)
    {
        if (text is null)
            return null;
        var descending = text.StartsWith('-');
        var name = descending ? text[1..] : text;
        if (name.Contains(',', StringComparison.Ordinal))
            throw Invalid("sort", "more than one field to sort by.", "Sort by one; equal values are ordered by id.");
        var field = scope.Require(name, "sort");
        return field.Search is SearchRole.Text or SearchRole.Flag
            ? throw FieldScope.Role("sort", $"'{name}' has no order.", "Sort by a keyword, number, amount, date or time.")
            : new(name, descending);
    }

    private static IReadOnlyList<string> Facets(IQueryCollection given, FieldScope scope)
    {
        var names = List(given, "facet");
        foreach (var name in names)
            if (scope.Require(name, "facet").Search is not (SearchRole.Keyword or SearchRole.Number or SearchRole.Flag))
                throw FieldScope.Role("facet", $"'{name}' cannot be counted by.", "Count by a keyword, number or flag, or by subject or source.");
        return names;
    }

    private static int Number(IQueryCollection given, string name, int from, int to, int otherwise)
        => Single(given, name) is not { } text ? otherwise
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to ? number
            : throw FieldValues.Wrong(name, $"'{text}' is not a whole number from {from} to {to}.", "Write such a number.");

    private static bool Flag(IQueryCollection given, string name, bool otherwise) => Single(given, name) switch
    {
        null => otherwise,
        "true" => true,
        "false" => false,
        var text => throw FieldValues.Wrong(name, $"'{text}' is not true or false.", "Write true or false."),
    };

    private static bool Explain(IQueryCollection given, int size)
        => Flag(given, "explain", otherwise: false) && (size <= MaxExplained ? true
            : throw FieldValues.Wrong("explain", $"{size} hits are too many to explain.", $"Ask for {MaxExplained} at most, with size={MaxExplained}."));

    private static string? Cursor(IQueryCollection given)
        => Single(given, "cursor") is not { } cursor ? null
            : cursor.Length is > 0 and <= 4096 ? cursor
            : throw new HubException(new Finding(Codes.QueryCursor, Severity.Error, "cursor", "this is not a cursor.", "Take nextCursor of the page before, or leave it out."));

    public static string? Single(IQueryCollection given, string name)
    {
        if (!given.TryGetValue(name, out var values))
            return null;
        return values.Count == 1 ? values[0] ?? "" : throw Invalid(name, $"'{name}' is given more than once.", "Give it once.");
    }

    private static List<string> List(IQueryCollection given, string name)
    {
        if (!given.TryGetValue(name, out StringValues values))
            return [];
        var names = values.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).Distinct(StringComparer.Ordinal).ToList();
        return names.Contains("") || names.Count > MaxValues
            ? throw Invalid(name, $"'{name}' has an empty name in it, or too many.", $"Write {name}=a,b or leave it out.")
            : names;
    }
}
