namespace Hub.Core.Records;

/// <summary>Moments as records carry them: microseconds since 1970 UTC, 0 when not known.</summary>
public static class Microseconds
{
    public static DateTimeOffset? ToMoment(long microseconds)
        => microseconds == 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static long Of(DateTimeOffset moment) => (moment - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
