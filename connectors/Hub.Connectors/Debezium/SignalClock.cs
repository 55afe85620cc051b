using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Since when the source is complete. A moment counts once every partition has been read to where it ended when the moment was
/// heard; one is waited for at a time, so that a source that is behind gets there.
/// </summary>
internal sealed class SignalClock(DebeziumTopics topics)
{
    private long heard;
    private long waiting;
    private IReadOnlyList<(PartitionReader Partition, long End)> ends = [];

    /// <param name="moment">Microseconds since 1970 UTC; 0 for none.</param>
    public void Hear(long moment) => heard = Math.Max(heard, moment);

    /// <summary>The moment before which all is read now; null when there is none that was not told before.</summary>
    public async Task<DateTimeOffset?> PassAsync()
    {
        if (waiting == 0 && heard > 0)
        {
            (waiting, heard) = (heard, 0);
            ends = await topics.EndsAsync();
        }

        if (waiting == 0 || ends.Any(end => end.Partition.Place.Next < end.End))
            return null;
        var passed = Microseconds.ToMoment(waiting);
        waiting = 0;
        return passed;
    }
}
