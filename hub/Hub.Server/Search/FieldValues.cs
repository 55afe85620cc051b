using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>Checks a value of the query string against its field and writes it the way the index takes it.</summary>
internal static class FieldValues
{
    /// <exception cref="HubException">The value does not fit the field.</exception>
    public static string Canonical(FieldSchema field, string parameter, string text)
    {
        text = text.Trim();
        if (text.Length == 0)
            throw Wrong(parameter, $"'{parameter}' has no value.", $"Give one, or write {field.Name}.exists=false for records without it.");
        return field.Search switch
        {
            SearchRole.Number => Number(field, parameter, text),
            SearchRole.Amount => Amount(field, parameter, text),
            SearchRole.Date => Date(parameter, text),
            SearchRole.Time => Time(parameter, text),
            SearchRole.Flag => text is "true" or "false" ? text : throw Wrong(parameter, $"'{text}' is not true or false.", "Write true or false."),
            _ => text,
        };
    }

    /// <summary>Orders two canonical values of the field.</summary>
    public static int Compare(FieldSchema field, string a, string b) => field.Search switch
    {
        SearchRole.Number or SearchRole.Amount => decimal.Parse(a, CultureInfo.InvariantCulture).CompareTo(decimal.Parse(b, CultureInfo.InvariantCulture)),
        SearchRole.Time => Moment(a)!.Value.CompareTo(Moment(b)!.Value),
        _ => string.CompareOrdinal(a, b),
    };

    private static string Number(FieldSchema field, string parameter, string text)
    {
        var (from, to) = field.Type == FieldType.Int ? (int.MinValue, int.MaxValue) : (long.MinValue, long.MaxValue);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
            ? number.ToString(CultureInfo.InvariantCulture)
            : throw Wrong(parameter, $"'{text}' is not a whole number.", "Write digits alone, like 2025.");
    }

    private static string Amount(FieldSchema field, string parameter, string text)
    {
        const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out var amount))
            throw Wrong(parameter, $"'{text}' is not an amount.", "Write 元 with a point and no other signs, like 100000 or 1234.50.");
        if (amount != Math.Round(amount, Math.Min(field.Scale, 28)))
            throw Wrong(parameter, $"'{text}' has more than {field.Scale} digits after the point.", $"Round it to {field.Scale} digits.");
        if (Math.Truncate(Math.Abs(amount)) >= (decimal)Math.Pow(10, Math.Min(28, field.Precision - field.Scale)))
            throw Wrong(parameter, $"'{text}' is larger than any value of this field.", $"It has {field.Precision - field.Scale} digits before the point at most.");
        return amount.ToString(CultureInfo.InvariantCulture);
    }

    private static string Date(string parameter, string text)
        => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? text
            : throw Wrong(parameter, $"'{text}' is not a date.", "Write it like 2025-03-01.");

    private static string Time(string parameter, string text)
        // A '+' that was not percent-encoded arrives as a space.
        => Moment(text.Replace(' ', '+')) is { } moment
            ? moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)
            : throw Wrong(parameter, $"'{text}' is not a moment with a time zone.", "Write it like 2025-03-01T08:00:00Z or 2025-03-01T16:00:00%2B08:00.");

    /// <summary>The moment; null when the text is none, or says no time zone.</summary>
    public static DateTimeOffset? Moment(string text)
        => DateTimeOffset.TryParseExact(text, "yyyy-MM-ddTHH:mm:ss.FFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf('T', StringComparison.Ordinal))
                ? moment
                : null;

    public static HubException Wrong(string parameter, string message, string suggestion)
        => new(new Finding(Codes.QueryValue, Severity.Error, parameter, message, suggestion));
}
