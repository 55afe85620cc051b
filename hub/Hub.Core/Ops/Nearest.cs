namespace Hub.Core.Ops;

/// <summary>Finds the word that was probably meant.</summary>
public static class Nearest
{
    private const int MaxListed = 16;

    /// <summary>The candidate with the fewest letters to change, if they are few enough for a slip.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        var best = candidates
            .Select(candidate => (candidate, distance: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .FirstOrDefault((candidate: "", distance: int.MaxValue));
        return best.distance <= Math.Max(1, word.Length / 3) ? best.candidate : null;
    }

    /// <summary>"Did you mean …?", or all there is when nothing is near.</summary>
    public static string Suggest(string word, IReadOnlyCollection<string> candidates, string what)
    {
        if (To(word, candidates) is { } near)
            return $"Did you mean '{near}'?";
        var listed = string.Join(", ", candidates.Order(StringComparer.Ordinal).Take(MaxListed));
        return candidates.Count == 0 ? $"There are no {what}." : $"The {what} are: {listed}{(candidates.Count > MaxListed ? ", …" : "")}.";
    }

    /// <summary>Letters to insert, delete, replace or swap with the next one.</summary>
    private static int Distance(string left, string right)
    {
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= right.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = rows[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replaced, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[left.Length, right.Length];
    }
}
