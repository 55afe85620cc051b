using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Lucene;

/// <summary>
/// Remembers the tokens of short texts: names of agencies, codes and uses come back in document after document, and analysis is the dearest
/// part of indexing. Bounded; for the one thread that writes.
/// </summary>
internal sealed class TextCache(TextAnalysis analysis)
{
    private const int MaxTexts = 16 * 1024;
    private const int MaxChars = 64;

    private readonly Dictionary<string, AnalyzedText> texts = new(StringComparer.Ordinal);

    /// <param name="habit">The field's habit: fields whose texts do not come back are not remembered.</param>
    public AnalyzedText Analyze(char[] chars, int length, ref CacheHabit habit)
    {
        if (length > MaxChars || habit.IsUseless)
            return analysis.Analyze(chars, length);

        var lookup = texts.GetAlternateLookup<ReadOnlySpan<char>>();
        var key = chars.AsSpan(0, length);
        var found = lookup.TryGetValue(key, out var known);
        habit.Count(found);
        if (found)
            return known!;

        if (texts.Count >= MaxTexts)
            texts.Clear();
        var tokens = analysis.Analyze(chars, length);
        lookup[key] = tokens;
        return tokens;
    }
}

/// <summary>How often a field's texts were in the cache.</summary>
internal struct CacheHabit
{
    private const int Trial = 4096;

    private int asked;
    private int found;

    /// <summary>Less than one in eight was found; asked again after a while, since data changes.</summary>
    public bool IsUseless
    {
        get
        {
            if (asked < Trial || found * 8 >= asked)
                return false;
            if (++asked > Trial * 16)
                (asked, found) = (0, 0);
            return true;
        }
    }

    public void Count(bool hit)
    {
        asked++;
        if (hit)
            found++;
        if (asked >= Trial && found * 8 >= asked)
            (asked, found) = (asked / 2, found / 2);
    }
}
