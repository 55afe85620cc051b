using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>Tells what else the words of a search find, and which of them need not occur. The index knows nothing of it, so that a change needs no rebuild.</summary>
internal sealed class Vocabulary
{
    /// <summary>Within a run of Chinese, shorter words are found where two others meet.</summary>
    private const int ShortestPart = 3;

    /// <summary>Ways to write one word.</summary>
    private const int MaxWays = 16;

    private readonly TextAnalysis analysis;
    private readonly Dictionary<string, string[]> others = new(StringComparer.Ordinal);
    private readonly HashSet<string> stopWords;
    private readonly int longest;

    public Vocabulary(WordLists lists, TextAnalysis analysis)
    {
        this.analysis = analysis;
        foreach (var group in lists.Synonyms)
        {
            string[] words = [.. group.Select(WordLists.Normalize)];
            foreach (var word in words)
                others[word] = [.. words.Where(other => other != word)];
        }

        stopWords = new(lists.StopWords.Select(WordLists.Normalize), StringComparer.Ordinal);
        longest = others.Keys.Select(word => word.Length).DefaultIfEmpty().Max();
    }

    /// <summary>Phrases and exclusions stay as they are written.</summary>
    public List<SearchWord> Understand(List<SearchWord> words)
    {
        var mayMiss = words.Exists(word => !word.IsExcluded && !IsStopWord(word));
        return words.ConvertAll(word => word.IsPhrase || word.IsExcluded ? word : word with { IsOptional = mayMiss && IsStopWord(word), Synonyms = SynonymsOf(word) });
    }

    private bool IsStopWord(SearchWord word) => !word.IsPhrase && !word.IsExcluded && stopWords.Contains(WordLists.Normalize(word.Text));

    private List<SearchWord> SynonymsOf(SearchWord word)
    {
        var text = WordLists.Normalize(word.Text);
        IEnumerable<string> ways = others.TryGetValue(text, out var same) ? same : word.Tokens.Any(token => token.IsCjk) ? WaysToWrite(text) : [];
        return [.. ways.Select(way => new SearchWord(way, IsPhrase: true, IsExcluded: false, analysis.Tokens(way))).Where(way => way.Tokens.Count > 0)];
    }

    /// <summary>The run of characters with the words in it written otherwise: 区卫健局经费 is 区卫生健康局经费 too.</summary>
    private IEnumerable<string> WaysToWrite(string text)
    {
        List<string> ways = [""];
        for (var i = 0; i < text.Length;)
        {
            var word = WordAt(text, i);
            string[] choices = word is null ? [text[i..(i + 1)]] : [word, .. others[word]];
            ways = [.. choices.SelectMany(_ => ways, (choice, way) => way + choice).Take(MaxWays)];
            i += word?.Length ?? 1;
        }

        return ways.Where(way => way != text);
    }

    private string? WordAt(string text, int start)
    {
        for (var length = Math.Min(longest, text.Length - start); length >= ShortestPart; length--)
            if (others.ContainsKey(text.Substring(start, length)))
                return text.Substring(start, length);
        return null;
    }
}
