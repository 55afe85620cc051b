namespace Hub.Core.Index;

/// <summary>How a search was understood and asked.</summary>
/// <param name="Words">The words of the text, each with what else it finds, and whether it must occur.</param>
/// <param name="Query">What the engine was asked, in its own language.</param>
public sealed record QueryExplanation(IReadOnlyList<string> Words, string Query);

/// <summary>Why a hit matches and how its score came to be.</summary>
/// <param name="Matches">What was found where, the most weighty first.</param>
/// <param name="Calculation">The engine's calculation: a line a step, two spaces further in than what it is a part of.</param>
public sealed record HitExplanation(IReadOnlyList<MatchedTerm> Matches, IReadOnlyList<string> Calculation);

/// <param name="Term">A pair of Chinese characters, a word, or several in quotes that stand together.</param>
/// <param name="In"><c>title</c>, or <c>text</c>: all full-text fields together, the title as well.</param>
/// <param name="Score">Its part in the score; of several ways to write a word only the weightiest counts.</param>
public sealed record MatchedTerm(string Term, string In, double Score);
