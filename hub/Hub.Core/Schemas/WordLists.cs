using System.Text;
using System.Text.Unicode;
using Hub.Core.Ops;

namespace Hub.Core.Schemas;

/// <summary>How the words of a search are understood, whatever the index holds.</summary>
/// <param name="Synonyms">Groups of words that mean the same.</param>
/// <param name="StopWords">Words that mean little beside others.</param>
public sealed record WordLists(IReadOnlyList<IReadOnlyList<string>> Synonyms, IReadOnlyList<string> StopWords)
{
    public static readonly WordLists None = new([], []);

    /// <summary>One form for letters of either case and width.</summary>
    public static string Normalize(string word) => string.Create(word.Length, word, static (letters, given) =>
    {
        for (var i = 0; i < letters.Length; i++)
            letters[i] = char.ToLowerInvariant(given[i] is >= '！' and <= '～' ? (char)(given[i] - '！' + '!') : given[i]);
    });
}

/// <summary>
/// Reads <c>text/synonyms.txt</c> (a group a line, commas between its words) and <c>text/stopwords.txt</c> (a word a line). What follows a <c>#</c> is a comment.
/// </summary>
internal sealed class WordListFolder(List<Finding> findings)
{
    private const int LongestWord = 40;
    private static readonly char[] Commas = [',', '，'];

    /// <summary>Where each word stands.</summary>
    private readonly Dictionary<string, string> places = new(StringComparer.Ordinal);

    public static WordLists Load(string folder, List<Finding> findings) => new WordListFolder(findings).Read(folder);

    private WordLists Read(string folder)
    {
        var groups = new List<IReadOnlyList<string>>();
        foreach (var (place, line) in Lines(Path.Combine(folder, "synonyms.txt")))
        {
            string[] words = [.. line.Split(Commas, StringSplitOptions.TrimEntries).Where(word => IsGood(place, word))];
            if (words.Length > 1)
                groups.Add(words);
            else
                Fail(place, "this is not a group of words.", "Write two or more words that mean the same, with commas between them.");
        }

        return new(groups, [.. Lines(Path.Combine(folder, "stopwords.txt")).Where(line => IsGood(line.Place, line.Text)).Select(line => line.Text)]);
    }

    private List<(string Place, string Text)> Lines(string file)
    {
        if (!File.Exists(file))
            return [];
        var bytes = File.ReadAllBytes(file);
        if (Utf8.IsValid(bytes))
            return [.. Encoding.UTF8.GetString(bytes).TrimStart('\ufeff').Split('\n').Select((line, i) => ($"{file}:{i + 1}", line.Split('#')[0].Trim())).Where(line => line.Item2.Length > 0)];
        Fail($"{file}:1", "the file is not UTF-8.", "Save it as UTF-8.");
        return [];
    }

    private bool IsGood(string place, string word)
    {
        if (word.Length > LongestWord || !word.Any(char.IsLetterOrDigit) || word.Any(sign => char.IsWhiteSpace(sign) || sign is '"' or '“' or '”') || word[0] == '-')
            Fail(place, word.Length == 0 ? "a word is missing." : $"'{word}' is not a word of a search.", $"Write one word of up to {LongestWord} letters, without spaces, quotes and a hyphen in front.");
        else if (!places.TryAdd(WordLists.Normalize(word), place))
            Fail(place, $"'{word}' stands there twice; the other is at {places[WordLists.Normalize(word)]}.", "Keep one, or make one group of two; a stop word is in no group.");
        else
            return true;
        return false;
    }

    private void Fail(string place, string message, string suggestion) => findings.Add(new(Codes.WordListInvalid, Severity.Error, place, message, suggestion));
}
