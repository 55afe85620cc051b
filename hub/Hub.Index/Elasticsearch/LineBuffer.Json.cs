using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Hub.Index.Elasticsearch;

/// <summary>Values of JSON, written at the end of the lines. What stands between them is the caller's, who has it ready as bytes.</summary>
internal sealed partial class LineBuffer
{
    /// <summary>More than any one character takes when it is escaped.</summary>
    private const int LongestEscape = 16;

    /// <summary>Chinese stays as it is written, which takes half the bytes of escapes.</summary>
    private static readonly JavaScriptEncoder Escaping = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>All that JSON does not take as it is within a string, a line's end among them.</summary>
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    /// <summary>A string with its quotes, as it is written by <see cref="WriteText"/>.</summary>
    public static byte[] Quoted(string text) => [(byte)'"', .. JsonEncodedText.Encode(text, Escaping).EncodedUtf8Bytes, (byte)'"'];

    /// <summary>JSON that was made before.</summary>
    public void Write(ReadOnlySpan<byte> json)
    {
        json.CopyTo(Room(json.Length));
        Length += json.Length;
    }

    public void WriteNumber(long number)
    {
        Utf8Formatter.TryFormat(number, Room(20), out var written);
        Length += written;
    }

    public void WriteDate(DateOnly date)
    {
        var room = Room(12);
        date.TryFormat(room[1..], out var written, "o");
        room[0] = room[written + 1] = (byte)'"';
        Length += written + 2;
    }

    public void WriteBase64(ReadOnlySpan<byte> bytes)
    {
        var room = Room(Base64.GetMaxEncodedToUtf8Length(bytes.Length) + 2);
        Base64.EncodeToUtf8(bytes, room[1..], out _, out var written);
        room[0] = room[written + 1] = (byte)'"';
        Length += written + 2;
    }

    /// <summary>A string; what is not UTF-8 in it is shown as �.</summary>
    public void WriteText(ReadOnlySpan<byte> utf8)
    {
        if (utf8.ContainsAny(Escaped) || !Utf8.IsValid(utf8))
        {
            WriteEscaped(utf8);
            return;
        }

        var room = Room(utf8.Length + 2);
        utf8.CopyTo(room[1..]);
        room[0] = room[utf8.Length + 1] = (byte)'"';
        Length += utf8.Length + 2;
    }

    private void WriteEscaped(ReadOnlySpan<byte> utf8)
    {
        Write("\""u8);
        while (!utf8.IsEmpty)
        {
            // Ends where the room does; then there is more.
            Escaping.EncodeUtf8(utf8, Room(utf8.Length + LongestEscape), out var read, out var written);
            utf8 = utf8[read..];
            Length += written;
        }

        Write("\""u8);
    }
}
