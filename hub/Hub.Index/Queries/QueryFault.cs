using Hub.Core.Ops;

namespace Hub.Index.Queries;

/// <summary>What is wrong with a query, in a sentence, and what to write instead.</summary>
internal static class QueryFault
{
    public static HubException Of(string code, string message, string suggestion)
        => new(new Finding(code, Severity.Error, "query", message, suggestion));

    /// <summary>The nearest of the names, or all of them when none is near.</summary>
    public static string DidYouMean(string name, IEnumerable<string> names)
    {
        var known = names.Order(StringComparer.Ordinal).ToList();
        var nearest = known.Select(candidate => (candidate, Distance: Distance(name, candidate))).OrderBy(pair => pair.Distance).FirstOrDefault();
        return nearest.candidate is not null && nearest.Distance <= Math.Max(2, name.Length / 3)
            ? $"Did you mean '{nearest.candidate}'?"
            : $"Use one of: {string.Join(", ", known)}.";
    }

    /// <summary>Levenshtein's distance, letters of either case alike.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(diagonal + (same ? 0 : 1), 1 + Math.Min(row[j], row[j - 1])));
            }
        }

        return row[^1];
    }
}
