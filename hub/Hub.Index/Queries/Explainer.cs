using System.Globalization;
using System.Text.RegularExpressions;
using Hub.Core.Index;

namespace Hub.Index.Queries;

/// <summary>One step of an engine's calculation of a score.</summary>
internal sealed record ScoreStep(float Value, string Description, IReadOnlyList<ScoreStep> Parts);

/// <summary>Says what an operator wants to know of a search. Both engines calculate by Lucene, and tell it in the same words.</summary>
internal static partial class Explainer
{
    private const int MaxLines = 400;

    /// <param name="sent">What the engine was asked.</param>
    public static QueryExplanation Of(QueryPlan plan, string sent) => new([.. plan.Words.Select(WordOf)], sent);

    public static HitExplanation Of(ScoreStep score)
    {
        var lines = new List<string>();
        Write(score, 0, lines);
        var matches = Matches(score).GroupBy(match => (match.Term, match.In)).Select(same => same.First() with { Score = Math.Round(same.Sum(match => match.Score), 4) });
        return new([.. matches.OrderByDescending(match => match.Score).ThenBy(match => match.Term, StringComparer.Ordinal)], lines);
    }

    private static string WordOf(SearchWord word)
    {
        var text = word.IsPhrase ? $"\"{word.Text}\"" : word.Text;
        var otherwise = word.Synonyms.Count > 0 ? $" or {string.Join(" or ", word.Synonyms.Select(synonym => $"\"{synonym.Text}\""))}" : "";
        return $"{text}{otherwise}: {(word.IsExcluded ? "must not occur" : word.IsOptional ? "may be missing" : "must occur")}";
    }

    private static IEnumerable<MatchedTerm> Matches(ScoreStep step)
    {
        if (Found().Match(step.Description) is { Success: true } found)
            return [MatchOf(found, step)];
        // Words at whose edge a single character stands: the step says what was found in one of its parts.
        return step.Parts.Select(part => Interval().Match(part.Description)).FirstOrDefault(interval => interval.Success) is { } within
            ? [MatchOf(within, step)]
            : step.Parts.SelectMany(Matches);
    }

    private static MatchedTerm MatchOf(Match found, ScoreStep step) => new(found.Groups["term"].Value, found.Groups["field"].Value, step.Value);

    /// <summary>What adds nothing, such as a filter, is left out.</summary>
    private static void Write(ScoreStep step, int depth, List<string> lines)
    {
        if (lines.Count >= MaxLines || (depth > 0 && step.Value == 0))
            return;
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{new string(' ', depth * 2)}{step.Value:0.####} = {step.Description.ReplaceLineEndings("")}"));
        foreach (var part in step.Parts)
            Write(part, depth + 1, lines);
    }

    [GeneratedRegex(@"^(?:(?:weight|ConstantScore)\()?[_@](?<field>text|title):(?<term>.+?)(?:\^[\d.]+)?(?: in \d+\).*|\)(?:\^[\d.]+)?(?:, product of:)?)?$")]
    private static partial Regex Found();

    [GeneratedRegex(@"interval query [_@](?<field>text|title):(?<term>.+)$")]
    private static partial Regex Interval();
}
