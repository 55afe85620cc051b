using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>Reads the values of queries as the whole numbers that the index holds.</summary>
internal static class FieldValues
{
    private const long MicrosecondTicks = TimeSpan.TicksPerMicrosecond;

    /// <summary>The number, and which way it was rounded: 0 when exact, -1 when the text is a little more than the number.</summary>
    public readonly record struct Parsed(long Number, int Rounded);

    /// <exception cref="HubException">The text is not a value of the field.</exception>
    public static Parsed Parse(IndexField field, string text) => field.Role switch
    {
        SearchRole.Amount => ParseAmount(field, text),
        SearchRole.Date => new(ParseDate(field, text), 0),
        SearchRole.Time => ParseTime(field, text),
        _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? new(number, 0)
            : throw Wrong(field, text, "a whole number", "Write it like 2025."),
    };

    public static string ParseFlag(IndexField field, string text)
        => text is "true" or "false" ? text : throw Wrong(field, text, "true or false", "Write true or false.");

    private static Parsed ParseAmount(IndexField field, string text)
    {
        var negative = text.StartsWith('-');
        var digits = text.AsSpan(negative ? 1 : 0);
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var cents = point < 0 ? [] : digits[(point + 1)..];
        if (whole.IsEmpty || (point >= 0 && cents.IsEmpty) || whole.ContainsAnyExceptInRange('0', '9') || cents.ContainsAnyExceptInRange('0', '9') || digits.Length > 60)
            throw Wrong(field, text, "an amount", "Write it like 1234.50.");

        var magnitude = Int128.Zero;
        var limit = (Int128)long.MaxValue + 1;
        foreach (var digit in whole)
            magnitude = Int128.Min(limit, magnitude * 10 + (digit - '0'));
        for (var i = 0; i < field.Scale; i++)
            magnitude = Int128.Min(limit, magnitude * 10 + (i < cents.Length ? cents[i] - '0' : 0));

        // Toward minus infinity, so that there is one way of rounding.
        var cut = cents.Length > field.Scale && cents[field.Scale..].ContainsAnyExcept('0');
        var signed = negative ? -magnitude - (cut ? 1 : 0) : magnitude;
        return signed > long.MaxValue ? new(long.MaxValue, -1)
            : signed < long.MinValue ? new(long.MinValue, 1)
            : new((long)signed, cut ? -1 : 0);
    }

    private static long ParseDate(IndexField field, string text)
        => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber
            : throw Wrong(field, text, "a date", "Write it like 2025-03-01.");

    private static Parsed ParseTime(IndexField field, string text)
    {
        string[] forms = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        if (text.Length < 17 || !(text[^1] is 'Z' or 'z' || text.AsSpan(16).ContainsAny('+', '-'))
            || !DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            throw Wrong(field, text, "a moment", "Write it with its offset, like 2025-03-01T08:00:00Z or 2025-03-01T16:00:00+08:00.");
        }

        var ticks = time.UtcTicks - DateTime.UnixEpoch.Ticks;
        var micros = Math.DivRem(ticks, MicrosecondTicks, out var rest);
        return rest == 0 ? new(micros, 0) : new(rest < 0 ? micros - 1 : micros, -1);
    }

    private static HubException Wrong(IndexField field, string text, string kind, string suggestion)
        => QueryFault.Of(Codes.QueryValue, $"The field '{field.Name}' holds {kind}, which '{text}' is not.", suggestion);
}
