namespace Hub.Index.Elasticsearch;

/// <summary>Days as the engine's date fields take them: as text in the years 1 to 9999, and beyond as milliseconds.</summary>
internal static class EngineDate
{
    // 0001-01-01 and 9999-12-31 as days since 1970.
    private const long FirstDay = -719_162;
    private const long LastDay = 2_932_896;
    private const long MillisecondsOfDay = 24L * 60 * 60 * 1000;

    /// <param name="day">Days since 1970.</param>
    public static bool IsDate(long day, out DateOnly date)
    {
        var isDate = day is >= FirstDay and <= LastDay;
        date = isDate ? DateOnly.FromDayNumber((int)(day - FirstDay)) : default;
        return isDate;
    }

    /// <param name="day">Days since 1970.</param>
    public static long MillisecondsOf(long day) => day * MillisecondsOfDay;
}
