using System.Text;
using Lucene.Net.Analysis;
using Lucene.Net.Analysis.Cjk;
using Lucene.Net.Analysis.TokenAttributes;
using Lucene.Net.Util;

namespace Hub.Index.Documents;

/// <summary>The tokens of one text, in few bytes.</summary>
internal sealed class AnalyzedText(byte[] bytes, int[] ends, byte[] increments)
{
    public int Count => ends.Length;

    /// <summary>Points <paramref name="term"/> at the token's bytes; returns how many positions it is after the one before.</summary>
    public int Read(int token, BytesRef term)
    {
        var start = token == 0 ? 0 : ends[token - 1];
        term.Bytes = bytes;
        term.Offset = start;
        term.Length = ends[token] - start;
        return increments[token];
    }
}

/// <summary>One token with its place in the text it was found in.</summary>
internal readonly record struct Token(string Term, int Start, int End, int Increment)
{
    public bool IsCjk => Cjk.IsCjk(Term, 0);

    /// <summary>One Chinese character alone; two are a bigram.</summary>
    public bool IsSingleCjk => IsCjk && Term.Length == (char.IsHighSurrogate(Term[0]) ? 2 : 1);
}

/// <summary>
/// The analysis of Elasticsearch's <c>cjk</c> analyzer, which is Lucene's own: words and single characters by Unicode's rules, full and half
/// width alike, lower case, Chinese in overlapping pairs, English stop words left out.
/// </summary>
internal sealed class TextAnalysis : IDisposable
{
    /// <summary>Grows when texts come to be analyzed otherwise; an older index must then be built again.</summary>
    public const string Name = "cjk-1";

    /// <summary>The words that are left out.</summary>
    public static IReadOnlyList<string> StopWords { get; } = [.. CJKAnalyzer.DefaultStopSet.Order(StringComparer.Ordinal)];

    private readonly CJKAnalyzer analyzer = new(LuceneVersion.LUCENE_48);
    private readonly CharsReader reader = new();
    private byte[] bytes = new byte[4096];
    private int[] ends = new int[512];
    private byte[] increments = new byte[512];

    public Analyzer Analyzer => analyzer;

    /// <summary>For the one thread that writes.</summary>
    public AnalyzedText Analyze(char[] chars, int length)
    {
        reader.Set(chars, length);
        using var stream = analyzer.GetTokenStream("text", reader);
        var term = stream.GetAttribute<ICharTermAttribute>();
        var increment = stream.GetAttribute<IPositionIncrementAttribute>();
        var used = 0;
        var count = 0;
        stream.Reset();
        while (stream.IncrementToken())
        {
            if (count == ends.Length)
            {
                Array.Resize(ref ends, count * 2);
                Array.Resize(ref increments, count * 2);
            }

            if (bytes.Length - used < term.Length * 3)
                Array.Resize(ref bytes, Math.Max(bytes.Length * 2, used + term.Length * 3));
            used += Encoding.UTF8.GetBytes(term.Buffer, 0, term.Length, bytes, used);
            ends[count] = used;
            increments[count] = (byte)Math.Min(increment.PositionIncrement, byte.MaxValue);
            count++;
        }

        stream.End();
        return new AnalyzedText(bytes.AsSpan(0, used).ToArray(), ends.AsSpan(0, count).ToArray(), increments.AsSpan(0, count).ToArray());
    }

    /// <summary>For searches: any thread.</summary>
    public List<Token> Tokens(string text)
    {
        var tokens = new List<Token>();
        using var stream = analyzer.GetTokenStream("text", text);
        var term = stream.GetAttribute<ICharTermAttribute>();
        var increment = stream.GetAttribute<IPositionIncrementAttribute>();
        var offset = stream.GetAttribute<IOffsetAttribute>();
        stream.Reset();
        while (stream.IncrementToken())
            tokens.Add(new(term.ToString(), offset.StartOffset, offset.EndOffset, increment.PositionIncrement));
        stream.End();
        return tokens;
    }

    public void Dispose() => analyzer.Dispose();

    /// <summary>Reads characters that stay where they are.</summary>
    private sealed class CharsReader : TextReader
    {
        private char[] chars = [];
        private int end;
        private int next;

        public void Set(char[] source, int length) => (chars, end, next) = (source, length, 0);

        public override int Peek() => next < end ? chars[next] : -1;

        public override int Read() => next < end ? chars[next++] : -1;

        public override int Read(char[] buffer, int index, int count)
        {
            var taken = Math.Min(count, end - next);
            Array.Copy(chars, next, buffer, index, taken);
            next += taken;
            return taken;
        }
    }
}

internal static class Cjk
{
    /// <summary>Whether the analysis makes pairs of the character: Han, Hiragana, Katakana, Hangul.</summary>
    public static bool IsCjk(string text, int index)
        => Rune.TryGetRuneAt(text, index, out var rune) && rune.Value is
            >= 0x1100 and <= 0x11ff or >= 0x2e80 and <= 0x2fdf or 0x3005 or 0x3007 or >= 0x3021 and <= 0x3029 or >= 0x3038 and <= 0x303b
            or >= 0x3041 and <= 0x318f or >= 0x31f0 and <= 0x31ff or >= 0x3400 and <= 0x4dbf or >= 0x4e00 and <= 0x9fff
            or >= 0xac00 and <= 0xd7af or >= 0xf900 and <= 0xfaff or >= 0x20000 and <= 0x3ffff;
}
