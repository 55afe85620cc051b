using System.Buffers.Text;
using System.Globalization;
using System.Numerics;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Writes values as PostgreSQL writes them in text, in a buffer that is used again: the text that the mapping casts from. A value
/// without such a text is told by a sentence; nothing is rounded.
/// </summary>
internal sealed class ValueText
{
    private const long MicrosPerDay = 86_400_000_000;
    private const int LatestDay = 2_932_896;
    private const int EarliestDay = -719_162;
    private const int ExactDigits = 15;
    private const long LongestTime = 1_000_000_000_000_000;

    private byte[] buffer = new byte[256];
    private int used;

    /// <summary>The text last written; valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, used);

    /// <summary>Writes a whole number by the type's form; a sentence when it has no text.</summary>
    public string? Whole(long value, ColumnType type)
    {
        used = 0;
        switch (type.Form)
        {
            case ColumnForm.Days:
                return Day(value);
            case ColumnForm.MomentMillis:
                return Moment(value, 1_000);
            case ColumnForm.MomentMicros:
                return Moment(value, 1);
            case ColumnForm.MomentNanos:
                return value % 1_000 == 0 ? Moment(value / 1_000, 1) : Finer;
            case ColumnForm.TimeMillis:
                return Time(Math.Clamp(value, -LongestTime, LongestTime) * 1_000);
            case ColumnForm.TimeMicros:
                return Time(value);
            case ColumnForm.TimeNanos:
                return value % 1_000 == 0 ? Time(value / 1_000) : Finer;
            default:
                Number(value);
                return null;
        }
    }

    /// <summary>
    /// Writes the shortest digits that give the same number back. With up to 15 of them they are the decimal it was made from;
    /// with more nobody can know, so they are written in scientific notation, which a decimal field refuses.
    /// </summary>
    public void Floating(double value) => Floating(value, isSingle: false);

    public void Floating(float value) => Floating(value, isSingle: true);

    /// <summary>Writes an unscaled number in two's complement, big endian, with its point.</summary>
    public string? Decimal(ReadOnlySpan<byte> unscaled, int scale)
    {
        if (unscaled.IsEmpty || scale is < -1_000 or > 1_000)
            return $"is a decimal of {unscaled.Length} bytes and scale {scale}";
        used = 0;
        if (unscaled.Length <= sizeof(long))
        {
            long value = (sbyte)unscaled[0];
            foreach (var next in unscaled[1..])
                value = (value << 8) | next;
            Span<byte> digits = stackalloc byte[20];
            Magnitude(value).TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
            Pointed(value < 0, digits[..count], scale);
            return null;
        }

        var large = new BigInteger(unscaled, isBigEndian: true);
        var text = BigInteger.Abs(large).ToString(CultureInfo.InvariantCulture);
        Span<byte> letters = text.Length <= 512 ? stackalloc byte[text.Length] : new byte[text.Length];
        System.Text.Encoding.ASCII.GetBytes(text, letters);
        Pointed(large.Sign < 0, letters, scale);
        return null;
    }

    /// <summary>Writes bytes as PostgreSQL's <c>bytea</c>: <c>\x</c> and hexadecimal digits.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        used = 0;
        Put("\\x"u8);
        Convert.TryToHexStringLower(value, Room(value.Length * 2), out var written);
        used += written;
    }

    /// <summary>Writes bits as PostgreSQL does, the highest first.</summary>
    /// <param name="bits">The lowest byte first.</param>
    public string? Bits(ReadOnlySpan<byte> bits, int count)
    {
        used = 0;
        // Of a varying column the type tells the most bits there may be, and the bytes only how many there are about.
        if (count <= 0 || bits.Length != (count + 7) / 8)
            return $"is a bit string whose length is not known: {bits.Length} bytes of at most {count} bits";
        var room = Room(count);
        for (var i = 0; i < count; i++)
            room[count - 1 - i] = (bits[i / 8] >> (i % 8) & 1) == 0 ? (byte)'0' : (byte)'1';
        used = count;
        return null;
    }

    private string? Day(long days)
    {
        if (days is < EarliestDay or > LatestDay)
            return "is outside the years 1 to 9999";
        Date((int)days);
        return null;
    }

    private string? Moment(long value, long unit)
    {
        var days = Math.DivRem(value, MicrosPerDay / unit, out var rest);
        if (rest < 0)
            (days, rest) = (days - 1, rest + (MicrosPerDay / unit));
        if (days is < EarliestDay or > LatestDay)
            return "is a moment outside the years 1 to 9999";
        Date((int)days);
        Put(" "u8);
        TimeOfDay(rest * unit);
        return null;
    }

    private string? Time(long micros)
    {
        if (micros is < -LongestTime or > LongestTime)
            return "is not a time";
        if (micros < 0)
            Put("-"u8);
        TimeOfDay(Math.Abs(micros));
        return null;
    }

    private const string Finer = "is finer than a microsecond";

    private void Date(int days)
    {
        var date = DateOnly.FromDayNumber(days - EarliestDay);
        Two(date.Year / 100);
        Two(date.Year % 100);
        Put("-"u8);
        Two(date.Month);
        Put("-"u8);
        Two(date.Day);
    }

    private void TimeOfDay(long micros)
    {
        var seconds = Math.DivRem(micros, 1_000_000, out var fraction);
        var hours = seconds / 3_600;
        if (hours < 100)
            Two((int)hours);
        else
            Number(hours);
        Put(":"u8);
        Two((int)(seconds / 60 % 60));
        Put(":"u8);
        Two((int)(seconds % 60));
        if (fraction == 0)
            return;
        Put("."u8);
        for (var unit = 100_000; fraction > 0; unit /= 10)
        {
            Room(1)[0] = (byte)('0' + (fraction / unit));
            used++;
            fraction %= unit;
        }
    }

    private void Floating(double value, bool isSingle)
    {
        used = 0;
        if (!double.IsFinite(value))
        {
            Put(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
            return;
        }

        // d.ddddE+dd: the digits, and where the point belongs.
        Span<byte> text = stackalloc byte[64];
        var length = 0;
        _ = isSingle ? ((float)value).TryFormat(text, out length, "R", CultureInfo.InvariantCulture) : value.TryFormat(text, out length, "R", CultureInfo.InvariantCulture);
        Spread(text[..length]);
    }

    private void Spread(ReadOnlySpan<byte> text)
    {
        var exponent = 0;
        var mantissa = text;
        if (text.IndexOf((byte)'E') is >= 0 and var at)
        {
            Utf8Parser.TryParse(text[(at + 1)..], out exponent, out _);
            mantissa = text[..at];
        }

        Span<byte> digits = stackalloc byte[mantissa.Length];
        var (count, scale, isFraction) = (0, 0, false);
        foreach (var letter in mantissa)
        {
            isFraction |= letter == '.';
            if (letter is not (>= (byte)'0' and <= (byte)'9') || (letter == '0' && count == 0 && !isFraction))
                continue;
            scale += isFraction ? 1 : 0;
            if (count > 0 || letter != '0')
                digits[count++] = letter;
        }

        var isNegative = text[0] == '-';
        var significant = digits[..count].TrimEnd((byte)'0');
        if (count == 0)
            Put("0"u8);
        else if (significant.Length > ExactDigits)
            Scientific(isNegative, significant, count - scale + exponent - 1);
        else
            Pointed(isNegative, significant, scale - exponent - (count - significant.Length));
    }

    private void Scientific(bool isNegative, ReadOnlySpan<byte> digits, int exponent)
    {
        Put(isNegative ? "-"u8 : default);
        Put(digits[..1]);
        Put("."u8);
        Put(digits[1..]);
        Put("e"u8);
        Number(exponent);
    }

    /// <summary>Writes digits with <paramref name="scale"/> of them behind the point; a negative scale adds zeros.</summary>
    private void Pointed(bool isNegative, ReadOnlySpan<byte> digits, int scale)
    {
        if (isNegative)
            Put("-"u8);
        var whole = digits.Length - scale;
        Put(whole > 0 ? digits[..Math.Min(whole, digits.Length)] : "0"u8);
        if (scale < 0 && !digits.SequenceEqual("0"u8))
            Zeros(-scale);
        if (scale <= 0)
            return;
        Put("."u8);
        Zeros(Math.Max(0, -whole));
        Put(digits[Math.Max(0, whole)..]);
    }

    private static ulong Magnitude(long value) => value < 0 ? (ulong)-(value + 1) + 1 : (ulong)value;

    private void Number(long value)
    {
        value.TryFormat(Room(20), out var written, default, CultureInfo.InvariantCulture);
        used += written;
    }

    private void Two(int value)
    {
        var room = Room(2);
        (room[0], room[1]) = ((byte)('0' + (value / 10)), (byte)('0' + (value % 10)));
        used += 2;
    }

    private void Zeros(int count)
    {
        Room(count)[..count].Fill((byte)'0');
        used += count;
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        used += text.Length;
    }

    private Span<byte> Room(int size)
    {
        if (buffer.Length - used < size)
            Array.Resize(ref buffer, Math.Max(used + size, buffer.Length * 2));
        return buffer.AsSpan(used);
    }
}
