using System.Text;
using Hub.Core.Ops;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>One word or phrase of a search text with its tokens.</summary>
internal sealed record SearchWord(string Text, bool IsPhrase, bool IsExcluded, IReadOnlyList<Token> Tokens)
{
    /// <summary>What a word in the title weighs beside one in the text.</summary>
    public const float TitleBoost = 3;

    /// <summary>What a run of Chinese weighs where it stands together, beside its pairs.</summary>
    public const float PhraseBoost = 2;

    /// <summary>Phrases that mean the same: one of them may occur in its place.</summary>
    public IReadOnlyList<SearchWord> Synonyms { get; init; } = [];

    /// <summary>How much it weighs where it is found whole, as both engines ask: in the text and in the title, and once more in each where what may stand apart stands together.</summary>
    public float Weight => Tokens.Count * (1 + TitleBoost + (IsStrict || Tokens.Count == 1 ? 0 : PhraseBoost + TitleBoost));

    /// <summary>What makes a synonym weigh a little less than the word, however many pairs either has.</summary>
    public float BoostOf(SearchWord synonym) => 0.6f * Weight / synonym.Weight;

    /// <summary>Whether it may be missing.</summary>
    public bool IsOptional { get; init; }

    /// <summary>
    /// Chinese written without spaces is many words: all of its pairs must occur, wherever in the document they stand. Anything else stands
    /// as it is written.
    /// </summary>
    public bool IsStrict => IsPhrase || IsExcluded || !Tokens.Any(token => token.IsCjk);
}

/// <summary>Reads the syntax of search texts: words, <c>"phrases"</c> and <c>-exclusions</c>. Chinese quotation marks are quotes too.</summary>
internal static class SearchWords
{
    private const int MaxChars = 1000;
    private const int MaxWords = 64;

    /// <exception cref="HubException">The text is broken.</exception>
    public static List<SearchWord> Parse(string text, TextAnalysis analysis)
    {
        if (text.Length > MaxChars)
            throw Invalid($"The search text has {text.Length} characters.", $"Write up to {MaxChars}.");
        var words = new List<SearchWord>();
        var parts = 0;
        for (var i = SkipSpace(text, 0); i < text.Length; i = SkipSpace(text, i))
        {
            var (content, isPhrase, isExcluded) = ReadPart(text, ref i);
            if (++parts > MaxWords)
                throw Invalid($"The search text has more than {MaxWords} words.", "Leave some out.");
            var tokens = analysis.Tokens(content);
            if (isPhrase && tokens.Count == 0)
                throw Invalid($"The phrase \"{content}\" has no word in it.", "Write words between the quotes, or leave the quotes out.");
            if (tokens.Count > 0)
                words.Add(new(content, isPhrase, isExcluded, tokens));
        }

        return parts > 0 && words.Count == 0
            ? throw Invalid($"The search text '{text.Trim()}' has no word that can be searched for.", "Write at least one word; signs and words such as 'the' are not searched.")
            : words;
    }

    private static (string Content, bool IsPhrase, bool IsExcluded) ReadPart(string text, ref int i)
    {
        var isExcluded = text[i] == '-' && i + 1 < text.Length && !char.IsWhiteSpace(text[i + 1]);
        if (isExcluded)
            i++;
        if (!IsQuote(text[i]))
        {
            var start = i;
            while (i < text.Length && !char.IsWhiteSpace(text[i]) && !IsQuote(text[i]))
                i++;
            return (Clean(text[start..i]), false, isExcluded);
        }

        var open = ++i;
        while (i < text.Length && !IsQuote(text[i]))
            i++;
        if (i == text.Length)
            throw Invalid("A quote is opened and not closed.", $"Close it: \"{Clean(text[open..].Trim())}\".");
        return (Clean(text[open..i++]), true, isExcluded);
    }

    private static int SkipSpace(string text, int i)
    {
        while (i < text.Length && char.IsWhiteSpace(text[i]))
            i++;
        return i;
    }

    private static bool IsQuote(char sign) => sign is '"' or '\u201c' or '\u201d' or '\uff02';

    /// <summary>Half a surrogate pair is not a character.</summary>
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune);
        return clean.ToString();
    }

    private static HubException Invalid(string message, string suggestion) => QueryFault.Of(Codes.QueryInvalid, message, suggestion);
}
