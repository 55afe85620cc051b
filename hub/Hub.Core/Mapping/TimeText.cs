namespace Hub.Core.Mapping;

/// <summary>Reads days and moments in UTF-8 as PostgreSQL (ISO) and RFC 3339 write them.</summary>
internal static class TimeText
{
    private const long MicrosPerSecond = 1_000_000;
    private const long MicrosPerDay = 86_400 * MicrosPerSecond;
    private const int DayNumberOf1970 = 719_162;
    private const int DayLength = 10;

    /// <summary>Days since 1970. A moment is a day only when it is midnight in the given zone.</summary>
    /// <param name="zone">Microseconds that a time without a zone is ahead of UTC.</param>
    public static CastFault ReadDay(ReadOnlySpan<byte> text, long zone, out int days)
    {
        days = 0;
        var fault = Read(text, out var local, out var offset);
        if (fault != CastFault.None)
            return fault == CastFault.NotMoment ? CastFault.NotDay : fault;

        var here = offset is null ? local : local - offset.Value + zone;
        days = (int)Math.DivRem(here, MicrosPerDay, out var rest);
        return rest == 0 ? CastFault.None : CastFault.NotMidnight;
    }

    /// <summary>Microseconds since 1970 UTC. A day alone is its midnight in the given zone.</summary>
    public static CastFault ReadMoment(ReadOnlySpan<byte> text, long zone, out long micros)
    {
        var fault = Read(text, out var local, out var offset);
        micros = local - (offset ?? zone);
        return fault;
    }

    private static CastFault Read(ReadOnlySpan<byte> text, out long local, out long? offset)
    {
        local = 0;
        offset = null;
        if (text.EndsWith("infinity"u8))
            return CastFault.NotFinite;
        if (text.EndsWith(" BC"u8))
            return CastFault.BeforeChrist;
        if (text.Length < DayLength || !TryDay(text[..DayLength], out var day))
            return CastFault.NotMoment;

        local = day * MicrosPerDay;
        if (text.Length == DayLength)
            return CastFault.None;
        if (text[DayLength] is not ((byte)' ' or (byte)'T') || !TryTime(text[(DayLength + 1)..], out var time, out var rest) || !TryZone(rest, out offset))
            return CastFault.NotMoment;
        local += time;
        return CastFault.None;
    }

    private static bool TryDay(ReadOnlySpan<byte> text, out long day)
    {
        day = 0;
        var (century, years, month, dayOfMonth) = (Two(text), Two(text[2..]), Two(text[5..]), Two(text[8..]));
        var year = (century * 100) + years;
        if ((century | years | month | dayOfMonth) < 0 || text[4] != '-' || text[7] != '-'
            || year == 0 || month is 0 or > 12 || dayOfMonth == 0 || dayOfMonth > DateTime.DaysInMonth(year, month))
            return false;
        day = new DateOnly(year, month, dayOfMonth).DayNumber - DayNumberOf1970;
        return true;
    }

    /// <summary>Reads <c>HH:MM:SS[.ffffff]</c>; 24:00 and leap seconds are not times of a day.</summary>
    private static bool TryTime(ReadOnlySpan<byte> text, out long micros, out ReadOnlySpan<byte> rest)
    {
        micros = 0;
        rest = default;
        if (text.Length < 8 || text[2] != ':' || text[5] != ':')
            return false;
        var (hour, minute, second) = (Two(text), Two(text[3..]), Two(text[6..]));
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59)
            return false;

        micros = ((((hour * 60L) + minute) * 60) + second) * MicrosPerSecond;
        rest = text[8..];
        return rest.IsEmpty || rest[0] != '.' || TryFraction(ref rest, ref micros);
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, ref long micros)
    {
        var length = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        length = length < 0 ? rest.Length - 1 : length;
        var unit = MicrosPerSecond;
        foreach (var letter in rest.Slice(1, length))
        {
            unit /= 10;
            micros += (letter - '0') * unit;
            if (unit == 0 && letter != '0')
                return false;
        }

        rest = rest[(length + 1)..];
        return length > 0;
    }

    /// <summary>Reads nothing, <c>Z</c>, <c>+08</c>, <c>+0800</c>, <c>+05:30</c> or, as PostgreSQL writes old local times, <c>+08:05:43</c>.</summary>
    public static bool TryZone(ReadOnlySpan<byte> text, out long? offset)
    {
        offset = null;
        if (text.IsEmpty)
            return true;
        offset = 0;
        if (text.SequenceEqual("Z"u8))
            return true;
        if (text[0] is not ((byte)'+' or (byte)'-') || !TryOffset(text[1..], out var seconds))
            return false;
        offset = (text[0] == '-' ? -seconds : seconds) * MicrosPerSecond;
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out long seconds)
    {
        seconds = 0;
        var (hours, minutes, rest) = text.Length switch
        {
            2 => (Two(text), 0, 0),
            4 => (Two(text), Two(text[2..]), 0),
            5 when text[2] == ':' => (Two(text), Two(text[3..]), 0),
            8 when text[2] == ':' && text[5] == ':' => (Two(text), Two(text[3..]), Two(text[6..])),
            _ => (-1, -1, -1),
        };
        if (hours is < 0 or > 15 || minutes is < 0 or > 59 || rest is < 0 or > 59)
            return false;
        seconds = (((hours * 60L) + minutes) * 60) + rest;
        return true;
    }

    private static int Two(ReadOnlySpan<byte> text)
    {
        var (tens, ones) = ((uint)text[0] - '0', (uint)text[1] - '0');
        return tens > 9 || ones > 9 ? -1 : (int)((tens * 10) + ones);
    }
}
