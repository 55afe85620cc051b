using System.Globalization;
using System.Text;
using Hub.Core.Schemas;

namespace Hub.Index.Documents;

/// <summary>The names of one document's codes in the form that an engine takes, each looked up once per list, region, year and code.</summary>
/// <param name="make">Makes that form of a name.</param>
internal sealed class CodeNames<T>(CodeLists lists, Func<string, T> make) where T : class
{
    private const int MaxKnown = 16 * 1024;

    private readonly Dictionary<string, T?> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> regions = new(StringComparer.Ordinal);
    private readonly List<(string List, int Start, int Length)> codes = [];
    private char[] chars = new char[256];
    private char[] key = new char[256];
    private int used;
    private string region = "";
    private int year;

    public int Count => codes.Count;

    public void Begin()
    {
        codes.Clear();
        used = 0;
        region = "";
        year = 0;
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

    public void SetYear(ref RecordReader reader)
    {
        if (reader.Field.Type is FieldType.Int or FieldType.Long)
            year = (int)reader.GetLong();
        else if (reader.Field.Type == FieldType.String && int.TryParse(reader.GetUtf8(), NumberStyles.None, CultureInfo.InvariantCulture, out var written))
            year = written;
    }

    public void Add(string list, ReadOnlySpan<byte> utf8)
    {
        if (chars.Length - used < utf8.Length)
            Array.Resize(ref chars, (used + utf8.Length) * 2);
        var length = Encoding.UTF8.GetChars(utf8, chars.AsSpan(used));
        codes.Add((list, used, length));
        used += length;
    }

    /// <summary>Null when the list has no such code.</summary>
    public T? Resolve(int index)
    {
        var (list, start, length) = codes[index];
        var code = chars.AsSpan(start, length);
        if (key.Length < list.Length + region.Length + length + 16)
            key = new char[(list.Length + region.Length + length + 16) * 2];
        key.AsSpan().TryWrite(CultureInfo.InvariantCulture, $"{list}\0{region}\0{year}\0{code}", out var written);

        var lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(key.AsSpan(0, written), out var name))
            return name;
        if (known.Count >= MaxKnown)
            known.Clear();
        name = lists.Find(list, region, year, code.ToString())?.Name is { } found ? make(found) : null;
        lookup[key.AsSpan(0, written)] = name;
        return name;
    }
}
