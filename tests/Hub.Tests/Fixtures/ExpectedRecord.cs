using System.Globalization;
using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Schemas;

namespace Hub.Tests.Fixtures;

/// <summary>
/// What a row should become, worked out from the definition by other means than the product's mapper; and a record of the log or
/// the index in the same plain form: field by field as text.
/// </summary>
internal static class ExpectedRecord
{
    /// <summary>The document key, from its parts.</summary>
    public static string Key(IEnumerable<string> parts)
        => string.Join('~', parts.Select(part => part.Replace("%", "%25", StringComparison.Ordinal).Replace("~", "%7E", StringComparison.Ordinal)));

    /// <summary>Null when the row is marked as deleted.</summary>
    /// <exception cref="FormatException">The row does not fit and has to be refused.</exception>
    public static Dictionary<string, string?>? Of(TableMapping mapping, SubjectSchema schema, IReadOnlyDictionary<string, string?> row)
    {
        if (mapping.Deleted is { } flag)
        {
            if (row[flag.Column] is not { } mark || !flag.Values.TryGetValue(mark, out var isDeleted))
                throw new FormatException($"'{row[flag.Column]}' does not tell whether the row is deleted");
            if (isDeleted)
                return null;
        }

        var entries = mapping.Fields.ToDictionary(entry => entry.Field, StringComparer.Ordinal);
        return schema.Fields.ToDictionary(field => field.Name, field => ValueOf(field, entries.GetValueOrDefault(field.Name), mapping, row), StringComparer.Ordinal);
    }

    public static Dictionary<string, string?> Of(SchemaCatalog catalog, ReadOnlySpan<byte> wire)
    {
        var fields = new Dictionary<string, string?>(StringComparer.Ordinal);
        var reader = catalog.Read(wire);
        while (reader.MoveNext())
            fields[reader.Field.Name] = reader.IsNull ? null : reader.Field.Type switch
            {
                FieldType.String => Encoding.UTF8.GetString(reader.GetUtf8()),
                FieldType.Boolean => reader.GetBoolean() ? "true" : "false",
                FieldType.Decimal => Amount((decimal)reader.GetDecimal() / Power(reader.Field.Scale), reader.Field.Scale),
                _ => reader.GetLong().ToString(CultureInfo.InvariantCulture),
            };
        return fields;
    }

    private static string? ValueOf(FieldSchema field, FieldMapping? entry, TableMapping mapping, IReadOnlyDictionary<string, string?> row)
    {
        var text = entry switch
        {
            null => null,
            { Constant: { } constant } => constant,
            { Column: null } => Joined(entry.Compose.Select(row.GetValueOrDefault)),
            _ when field.Link is not null && entry.Values is null => Joined([Column(entry, row)]),
            _ => Column(entry, row),
        };
        if (text is null)
            return field.Nullable ? null : throw new FormatException($"{field.Name} has no value");
        return field.Type switch
        {
            FieldType.String => text,
            FieldType.Boolean => text is "t" or "true" or "1" ? "true" : text is "f" or "false" or "0" ? "false" : throw new FormatException($"{field.Name}: '{text}'"),
            FieldType.Decimal => Money(field, text, entry?.UnitPower ?? 0),
            FieldType.Date => (DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber).ToString(CultureInfo.InvariantCulture),
            FieldType.Timestamp => Microseconds(text, mapping.TimeZone),
            _ => ((long)decimal.Parse(text, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture),
        };
    }

    private static string? Column(FieldMapping entry, IReadOnlyDictionary<string, string?> row)
    {
        // A column that is gone upstream gives null from then on.
        var text = row.GetValueOrDefault(entry.Column!);
        if (entry.Trim)
            text = text?.Trim();
        if (text is null || text == entry.NullIf)
            return null;
        return entry.Values is null ? text : entry.Values.TryGetValue(text, out var translated) ? translated : throw new FormatException($"{entry.Field}: '{text}'");
    }

    private static string? Joined(IEnumerable<string?> parts)
    {
        var all = parts.ToList();
        return all.Exists(string.IsNullOrEmpty) ? null : Key(all!);
    }

    private static string Money(FieldSchema field, string text, int unitPower)
    {
        var amount = decimal.Parse(text, CultureInfo.InvariantCulture) * Power(unitPower);
        return amount == Math.Round(amount, field.Scale) ? Amount(amount, field.Scale) : throw new FormatException($"{field.Name}: '{text}'");
    }

    private static string Microseconds(string text, TimeSpan zone)
    {
        var hasZone = text.LastIndexOfAny(['+', '-']) > 10;
        var moment = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return (((hasZone ? moment : moment - zone) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture);
    }

    private static string Amount(decimal amount, int scale) => amount.ToString($"F{scale}", CultureInfo.InvariantCulture);

    private static decimal Power(int power) => (decimal)Math.Pow(10, power);
}
