using System.Text;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Turns UTF-8 text into a field's Avro value.</summary>
/// <param name="unitPower">The power of ten by which a decimal grows.</param>
/// <param name="zone">Microseconds that a time without a zone is ahead of UTC.</param>
internal sealed class ValueCast(FieldSchema field, int unitPower, long zone)
{
    private const int LongDigits = 19;

    /// <summary>Writes the union's branch and the value, or nothing when the text does not fit.</summary>
    public CastFault Write(ReadOnlySpan<byte> text, AvroWriter value)
    {
        switch (field.Type)
        {
            case FieldType.String:
                value.WriteBranch(field, isNull: false);
                value.WriteBytes(text);
                return CastFault.None;
            case FieldType.Boolean:
                return WriteBoolean(text, value);
            case FieldType.Decimal:
                return WriteDecimal(text, value);
            case FieldType.Enum:
                return WriteSymbol(text, value);
            default:
                var fault = ReadNumber(text, out var number);
                if (fault != CastFault.None)
                    return fault;
                value.WriteBranch(field, isNull: false);
                value.WriteLong(number);
                return CastFault.None;
        }
    }

    public CastFault WriteNull(AvroWriter value)
    {
        if (!field.Nullable)
            return CastFault.Null;
        value.WriteBranch(field, isNull: true);
        return CastFault.None;
    }

    /// <summary>The bytes of a value known beforehand; null when it does not fit.</summary>
    public byte[]? Encode(string? text)
    {
        var writer = new AvroWriter();
        var fault = text is null ? WriteNull(writer) : Write(Encoding.UTF8.GetBytes(text), writer);
        return fault == CastFault.None ? writer.Written.ToArray() : null;
    }

    private CastFault WriteBoolean(ReadOnlySpan<byte> text, AvroWriter value)
    {
        var isTrue = text.SequenceEqual("t"u8) || text.SequenceEqual("1"u8) || text.SequenceEqual("true"u8);
        if (!isTrue && !text.SequenceEqual("f"u8) && !text.SequenceEqual("0"u8) && !text.SequenceEqual("false"u8))
            return CastFault.NotBoolean;
        value.WriteBranch(field, isNull: false);
        value.WriteBoolean(isTrue);
        return CastFault.None;
    }

    private CastFault WriteSymbol(ReadOnlySpan<byte> text, AvroWriter value)
    {
        var symbol = field.SymbolOf(text);
        if (symbol < 0)
            return CastFault.NotSymbol;
        value.WriteBranch(field, isNull: false);
        value.WriteLong(symbol);
        return CastFault.None;
    }

    private CastFault WriteDecimal(ReadOnlySpan<byte> text, AvroWriter value)
    {
        var fault = DecimalText.Read(text, field.Precision, field.Scale + unitPower, out var unscaled);
        if (fault != CastFault.None)
            return fault;
        value.WriteBranch(field, isNull: false);
        value.WriteDecimal(unscaled);
        return CastFault.None;
    }

    private CastFault ReadNumber(ReadOnlySpan<byte> text, out long number)
    {
        if (field.Type == FieldType.Timestamp)
            return TimeText.ReadMoment(text, zone, out number);
        if (field.Type == FieldType.Date)
        {
            var dayFault = TimeText.ReadDay(text, zone, out var days);
            number = days;
            return dayFault;
        }

        number = 0;
        var fault = DecimalText.Read(text, LongDigits, 0, out var whole);
        if (fault != CastFault.None)
            return fault;
        var (least, most) = field.Type == FieldType.Int ? (int.MinValue, int.MaxValue) : (long.MinValue, long.MaxValue);
        if (whole < least || whole > most)
            return CastFault.TooLarge;
        number = (long)whole;
        return CastFault.None;
    }
}
