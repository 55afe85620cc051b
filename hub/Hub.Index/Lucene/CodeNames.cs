using System.Globalization;
using System.Text;
using Hub.Core.Schemas;
using Hub.Index.Queries;

namespace Hub.Index.Lucene;

/// <summary>The names of one document's codes as analyzed text, each looked up once per list, region, year and code.</summary>
internal sealed class CodeNames(CodeLists lists, TextAnalysis analysis)
{
    private const int MaxKnown = 16 * 1024;

    private readonly Dictionary<string, AnalyzedText?> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> regions = new(StringComparer.Ordinal);
    private readonly List<(string List, int Start, int Length)> codes = [];
    private char[] chars = new char[256];
    private char[] key = new char[256];
    private int used;
    private string region = "";

    public int Year { get; set; }

    public int Count => codes.Count;

    public void Begin()
    {
        codes.Clear();
        used = 0;
        region = "";
        Year = 0;
    }

    public void SetRegion(ReadOnlySpan<byte> utf8)
    {
        Span<char> text = stackalloc char[32];
        if (utf8.Length > text.Length)
            return;
        var length = Encoding.UTF8.GetChars(utf8, text);
        regions.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text[..length], out var seen);
        if (seen is null && regions.Count < MaxKnown)
            regions.Add(seen = text[..length].ToString());
        region = seen ?? text[..length].ToString();
    }

    public void Add(string list, ReadOnlySpan<char> code)
    {
        if (chars.Length - used < code.Length)
            Array.Resize(ref chars, (used + code.Length) * 2);
        code.CopyTo(chars.AsSpan(used));
        codes.Add((list, used, code.Length));
        used += code.Length;
    }

    /// <summary>Null when the list has no such code.</summary>
    public AnalyzedText? Resolve(int index)
    {
        var (list, start, length) = codes[index];
        var code = chars.AsSpan(start, length);
        if (key.Length < list.Length + region.Length + length + 16)
            key = new char[(list.Length + region.Length + length + 16) * 2];
        key.AsSpan().TryWrite(CultureInfo.InvariantCulture, $"{list}\0{region}\0{Year}\0{code}", out var written);

        var lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(key.AsSpan(0, written), out var name))
            return name;
        if (known.Count >= MaxKnown)
            known.Clear();
        name = lists.Find(list, region, Year, code.ToString())?.Name is { } found ? analysis.Analyze(found.ToCharArray(), found.Length) : null;
        lookup[key.AsSpan(0, written)] = name;
        return name;
    }
}
