using System.Globalization;
using System.Text;
using Hub.Core.Schemas;

namespace Hub.Index.Documents;

/// <summary>The names of one document's codes in the form that an engine takes, each looked up once per list, region, year and code.</summary>
/// <param name="make">Makes that form of a name.</param>
internal sealed class CodeNames<T>(CodeLists lists, Func<string, T> make) where T : class
{
    private const int MaxKnown = 16 * 1024;

    /// <summary>Per region and year, per list: the codes that were met there. Most documents are of the same region and year as the one before.</summary>
    private readonly Dictionary<(string Region, int Year), Dictionary<string, Dictionary<string, T?>>> scopes = [];
    private readonly HashSet<string> regions = new(StringComparer.Ordinal);
    private readonly List<(string List, int Start, int Length)> codes = [];
    private Dictionary<string, Dictionary<string, T?>> scope = [];
    private (string Region, int Year) scoped = ("", -1);
    private int known;
    private char[] chars = new char[256];
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
        if (text[..length].SequenceEqual(scoped.Region))
        {
            region = scoped.Region;
            return;
        }

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

    /// <summary>Keeps a code for <see cref="Resolve"/>, where region and year may still come.</summary>
    public void Add(string list, ReadOnlySpan<byte> utf8)
    {
        var length = Decode(utf8);
        codes.Add((list, used, length));
        used += length;
    }

    /// <summary>Null when the list has no such code.</summary>
    public T? Resolve(int index)
    {
        var (list, start, length) = codes[index];
        return Find(list, chars.AsSpan(start, length));
    }

    /// <summary>The same for a code of a document whose region and year are set.</summary>
    public T? Find(string list, ReadOnlySpan<byte> utf8)
    {
        var length = Decode(utf8);
        return Find(list, chars.AsSpan(used, length));
    }

    private T? Find(string list, ReadOnlySpan<char> code)
    {
        var names = NamesOf(list);
        var lookup = names.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(code, out var name))
            return name;
        if (++known > MaxKnown)
        {
            scopes.Clear();
            (known, scoped) = (1, ("", -1));
            lookup = NamesOf(list).GetAlternateLookup<ReadOnlySpan<char>>();
        }

        name = lists.Find(list, region, year, code.ToString())?.Name is { } found ? make(found) : null;
        lookup[code] = name;
        return name;
    }

    private Dictionary<string, T?> NamesOf(string list)
    {
        if (scoped.Year != year || scoped.Region != region)
        {
            scoped = (region, year);
            if (!scopes.TryGetValue(scoped, out scope!))
                scopes.Add(scoped, scope = new(StringComparer.Ordinal));
        }

        if (!scope.TryGetValue(list, out var names))
            scope.Add(list, names = new(StringComparer.Ordinal));
        return names;
    }

    private int Decode(ReadOnlySpan<byte> utf8)
    {
        if (chars.Length - used < utf8.Length)
            Array.Resize(ref chars, (used + utf8.Length) * 2);
        return Encoding.UTF8.GetChars(utf8, chars.AsSpan(used));
    }
}
