namespace Hub.Log.Kafka;

/// <summary>Now and then, for what happens again and again and is told once in a while. For concurrent use.</summary>
internal sealed class Occasion(TimeSpan interval, TimeProvider time)
{
    private readonly Lock gate = new();
    private long? last;

    /// <summary>True at first, and again when the interval is over.</summary>
    public bool IsDue()
    {
        lock (gate)
        {
            if (last is { } told && time.GetElapsedTime(told) < interval)
                return false;
            last = time.GetTimestamp();
            return true;
        }
    }
}
