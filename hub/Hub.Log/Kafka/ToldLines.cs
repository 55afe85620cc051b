namespace Hub.Log.Kafka;

/// <summary>
/// Which lines of the client library are news: for as long as a broker is away, each client tells it many times a second. For concurrent use.
/// </summary>
internal sealed class ToldLines(TimeProvider time)
{
    // The library writes behind the failure how long it took and how often it was.
    private const string Details = " (after ";
    private const int MostKept = 1_000;

    private static readonly TimeSpan TellAgain = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, long> told = new(StringComparer.Ordinal);

    /// <summary>Whether to tell it: not what was told within the last minute.</summary>
    public bool IsNew(string line)
    {
        var at = line.IndexOf(Details, StringComparison.Ordinal);
        var failure = at < 0 ? line : line[..at];
        lock (gate)
        {
            if (told.TryGetValue(failure, out var last) && time.GetElapsedTime(last) < TellAgain)
                return false;
            if (told.Count >= MostKept)
                told.Clear();
            told[failure] = time.GetTimestamp();
            return true;
        }
    }
}
