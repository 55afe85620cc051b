namespace Hub.Core.Schemas;

/// <summary>One row of a code list. A code means something for a region and a span of years only.</summary>
/// <param name="Region">A prefix of 财政区划 codes; empty for all.</param>
/// <param name="YearTo"><see cref="int.MaxValue"/> when still valid.</param>
public sealed record Code(string Region, int YearFrom, int YearTo, string Value, string Name, string? Parent);

/// <summary>The code lists of <c>schemas/codes</c>, looked up by list, region, year and code.</summary>
public sealed class CodeLists(IReadOnlyDictionary<string, IReadOnlyList<Code>> lists)
{
    public static readonly CodeLists Empty = new(new Dictionary<string, IReadOnlyList<Code>>());

    private readonly Dictionary<(string List, string Code), Code[]> rows = lists
        .SelectMany(list => list.Value.GroupBy(code => code.Value, StringComparer.Ordinal), (list, group) => (list.Key, group))
        .ToDictionary(
            row => (row.Key, row.group.Key),
            row => row.group.OrderByDescending(code => code.Region.Length).ThenByDescending(code => code.YearFrom).ToArray());

    public IEnumerable<string> Names => lists.Keys;

    public IReadOnlyList<Code> this[string list] => lists[list];

    public bool Contains(string list) => lists.ContainsKey(list);

    /// <summary>The code as it was in that region and year: the longest region wins. Null when the list does not have it then.</summary>
    /// <param name="year">0 when not known: the latest.</param>
    public Code? Find(string list, string region, int year, string code)
    {
        foreach (var row in rows.GetValueOrDefault((list, code), []))
            if (region.StartsWith(row.Region, StringComparison.Ordinal) && (year == 0 || (year >= row.YearFrom && year <= row.YearTo)))
                return row;
        return null;
    }
}
