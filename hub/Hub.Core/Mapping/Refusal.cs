using System.Text;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>The sentences that say why a row was refused. Personal values are never in them.</summary>
internal static class Refusal
{
    private const int MaxShownBytes = 120;

    /// <summary>As many digits as a telephone number has; those of persons and accounts have more.</summary>
    private const int PersonalDigits = 11;

    /// <param name="isPersonal">Whether the value may be personal, by this field or another that takes the same column.</param>
    public static string Of(FieldPlan plan, CastFault fault, in Row row, FieldMapping? mapping, bool isPersonal)
    {
        var field = plan.Field;
        var place = $"Field '{field.Name}' (from {plan.Origin})";
        return fault switch
        {
            CastFault.Null => $"{place} must have a value, but there is none upstream.",
            CastFault.Absent => $"{place} was left out by the source; a value that the change does not hold must be read again before the row is mapped.",
            _ => $"{place} cannot take {Show(plan.Shown(row), isPersonal)}: it {Reason(field, fault, mapping)}. Expected is {Expected(field, mapping)}.",
        };
    }

    /// <summary>The value in quotes, or its length where it may be personal.</summary>
    public static string Show(ReadOnlySpan<byte> text, bool isPersonal)
    {
        if (isPersonal || HasLongNumber(text))
            return $"a value of {Encoding.UTF8.GetCharCount(text)} {(text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9') ? "characters" : "digits")}";
        return text.Length <= MaxShownBytes ? $"'{Encoding.UTF8.GetString(text)}'" : $"'{Encoding.UTF8.GetString(text[..MaxShownBytes])}…'";
    }

    /// <summary>A value in the wrong column is a common mistake, and the field then says nothing of what it is.</summary>
    private static bool HasLongNumber(ReadOnlySpan<byte> text)
    {
        var digits = 0;
        foreach (var sign in text)
        {
            if (sign is >= (byte)'0' and <= (byte)'9')
                digits++;
            else if (sign is not ((byte)' ' or (byte)'-'))
                digits = 0;
            if (digits == PersonalDigits)
                return true;
        }

        return false;
    }

    private static string Reason(FieldSchema field, CastFault fault, FieldMapping? mapping) => fault switch
    {
        CastFault.UnknownValue => "is not in 'values' of the mapping",
        CastFault.UnknownCode => $"is not in the code list '{mapping?.CodeList}' for the record's region and year",
        CastFault.NotBoolean => "is not a boolean",
        CastFault.Scientific => "is in scientific notation, which does not say whether it is exact",
        CastFault.NotFinite => "is not finite",
        CastFault.TooPrecise => $"has more than {field.Scale + (mapping?.UnitPower ?? 0)} digits behind the point",
        CastFault.TooLarge => "is too large",
        CastFault.NotDay => "is not a day",
        CastFault.NotMidnight => "has a time of day",
        CastFault.NotMoment => "is not a date and time",
        CastFault.BeforeChrist => "is before the year 1",
        CastFault.NotSymbol => "is not one of the symbols",
        _ => "is not a number",
    };

    /// <summary>What the field takes, in words.</summary>
    public static string Expected(FieldSchema field, FieldMapping? mapping = null)
    {
        if (mapping?.Values is { } values)
            return $"one of {string.Join(", ", values.Keys.Order(StringComparer.Ordinal).Select(value => $"'{value}'"))}";
        return field.Type switch
        {
            FieldType.String => mapping?.CodeList is { } list ? $"a code of '{list}'" : "text",
            FieldType.Boolean => "t, true or 1, or f, false or 0; for other values the mapping needs 'values'",
            FieldType.Int => $"a whole number from {int.MinValue} to {int.MaxValue}",
            FieldType.Long => $"a whole number from {long.MinValue} to {long.MaxValue}",
            FieldType.Decimal => ExpectedDecimal(field, mapping?.UnitPower ?? 0),
            FieldType.Date => "a day such as 2025-03-01",
            FieldType.Enum => $"one of {string.Join(", ", field.Symbols)}",
            _ => "a date and time such as 2025-03-01 08:00:00.123456+08",
        };
    }

    private static string ExpectedDecimal(FieldSchema field, int unitPower)
        => $"a number of at most {field.Precision - field.Scale - unitPower} digits before and {field.Scale + unitPower} behind the point{(unitPower > 0 ? ", in 万元" : "")}";
}
