using System.Collections.ObjectModel;
using System.Text;
using Hub.Core.Index;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>Shows where the words of a search stand in the full-text fields of a hit.</summary>
internal sealed class Highlighter
{
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> None = ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty;

    private readonly TextAnalysis analysis;
    private readonly IndexMapping mapping;
    private readonly HashSet<string> terms = new(StringComparer.Ordinal);
    private readonly HashSet<string> singles = new(StringComparer.Ordinal);
    private readonly List<IReadOnlyList<Token>> phrases = [];

    public Highlighter(TextAnalysis analysis, IndexMapping mapping, IReadOnlyList<SearchWord> words)
    {
        this.analysis = analysis;
        this.mapping = mapping;
        foreach (var word in words.Where(word => word is { IsExcluded: false, IsOptional: false }).SelectMany(word => word.Synonyms.Prepend(word)))
            if (word.IsStrict && word.Tokens.Count > 1)
                phrases.Add(word.Tokens);
            else
                foreach (var token in word.Tokens)
                    (token.IsSingleCjk ? singles : terms).Add(token.Term);
    }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Highlight(StoredDocument document)
    {
        Dictionary<string, IReadOnlyList<string>>? found = null;
        var reader = mapping.Catalog.Read(document.Value.Span);
        while (reader.MoveNext())
        {
            if (reader.IsNull || !mapping.IsFullText(document.Subject, reader.Field.Name))
                continue;
            var text = Encoding.UTF8.GetString(reader.GetUtf8());
            var marks = Marks(text);
            if (marks.Count > 0)
                (found ??= new(StringComparer.Ordinal))[reader.Field.Name] = Fragments.Cut(text, marks);
        }

        return found ?? None;
    }

    /// <summary>What was hit, in order, without overlaps: two pairs that share a character are one mark.</summary>
    private List<Mark> Marks(string text)
    {
        var tokens = analysis.Tokens(text);
        var marks = new List<Mark>();
        foreach (var token in tokens)
            if (terms.Contains(token.Term) || (token.IsSingleCjk && singles.Contains(token.Term)))
                marks.Add(new(token.Start, token.End));
            else if (token.IsCjk && singles.Count > 0)
                AddSingles(token, marks);
        foreach (var phrase in phrases)
            AddPhrase(tokens, phrase, marks);
        return Merge(marks);
    }

    /// <summary>A pair's first and second character, wherever one of them was asked for.</summary>
    private void AddSingles(Token token, List<Mark> marks)
    {
        var first = char.IsHighSurrogate(token.Term[0]) ? 2 : 1;
        if (singles.Contains(token.Term[..first]))
            marks.Add(new(token.Start, token.Start + first));
        if (singles.Contains(token.Term[first..]))
            marks.Add(new(token.End - (token.Term.Length - first), token.End));
    }

    private static void AddPhrase(List<Token> tokens, IReadOnlyList<Token> phrase, List<Mark> marks)
    {
        for (var i = 0; i + phrase.Count <= tokens.Count; i++)
        {
            var length = 0;
            while (length < phrase.Count && Stands(tokens[i + length], phrase, length))
                length++;
            if (length < phrase.Count)
                continue;
            var start = phrase[0].IsSingleCjk ? tokens[i].End - phrase[0].Term.Length : tokens[i].Start;
            var end = phrase[^1].IsSingleCjk ? tokens[i + length - 1].Start + phrase[^1].Term.Length : tokens[i + length - 1].End;
            marks.Add(new(start, end));
        }
    }

    /// <summary>At the edges of a phrase a single character may be the near half of a pair.</summary>
    private static bool Stands(Token token, IReadOnlyList<Token> phrase, int place)
    {
        var asked = phrase[place];
        if (place > 0 && token.Increment != asked.Increment)
            return false;
        return token.Term == asked.Term
            || (asked.IsSingleCjk && token.IsCjk && place == 0 && token.Term.EndsWith(asked.Term, StringComparison.Ordinal))
            || (asked.IsSingleCjk && token.IsCjk && place == phrase.Count - 1 && token.Term.StartsWith(asked.Term, StringComparison.Ordinal));
    }

    private static List<Mark> Merge(List<Mark> marks)
    {
        marks.Sort((left, right) => left.Start.CompareTo(right.Start));
        var merged = new List<Mark>();
        foreach (var mark in marks)
            if (merged.Count > 0 && mark.Start <= merged[^1].End)
                merged[^1] = merged[^1] with { End = Math.Max(merged[^1].End, mark.End) };
            else
                merged.Add(mark);
        return merged;
    }
}

/// <summary>A piece of a text that was hit.</summary>
internal readonly record struct Mark(int Start, int End);

/// <summary>Cuts pieces of a text around its marks. All of it is HTML-escaped, so that only the marks are tags.</summary>
internal static class Fragments
{
    private const int MaxChars = 120;
    private const int Before = 30;
    private const int MaxFragments = 3;

    public static List<string> Cut(string text, List<Mark> marks)
    {
        var fragments = new List<string>();
        for (var i = 0; i < marks.Count && fragments.Count < MaxFragments;)
        {
            var start = text.Length <= MaxChars ? 0 : Whole(text, Math.Max(i == 0 ? 0 : marks[i - 1].End, marks[i].Start - Before));
            var end = Whole(text, Math.Min(text.Length, Math.Max(start + MaxChars, marks[i].End)));
            var last = i;
            while (last < marks.Count && marks[last].End <= end)
                last++;
            fragments.Add(Write(text, start, last < marks.Count ? Math.Min(end, marks[last].Start) : end, marks[i..last]));
            i = last;
        }

        return fragments;
    }

    private static string Write(string text, int start, int end, List<Mark> marks)
    {
        var html = new StringBuilder();
        var next = start;
        foreach (var mark in marks)
        {
            Escape(html, text.AsSpan(next, mark.Start - next));
            html.Append("<em>");
            Escape(html, text.AsSpan(mark.Start, mark.End - mark.Start));
            html.Append("</em>");
            next = mark.End;
        }

        Escape(html, text.AsSpan(next, end - next));
        return html.ToString();
    }

    private static void Escape(StringBuilder html, ReadOnlySpan<char> text)
    {
        foreach (var sign in text)
        {
            _ = sign switch
            {
                '<' => html.Append("&lt;"),
                '>' => html.Append("&gt;"),
                '&' => html.Append("&amp;"),
                '"' => html.Append("&quot;"),
                '\'' => html.Append("&#39;"),
                _ => html.Append(sign),
            };
        }
    }

    /// <summary>Not between the halves of a surrogate pair.</summary>
    private static int Whole(string text, int place)
        => place > 0 && place < text.Length && char.IsLowSurrogate(text[place]) ? place - 1 : place;
}
