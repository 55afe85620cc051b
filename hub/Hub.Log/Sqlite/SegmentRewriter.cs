namespace Hub.Log.Sqlite;

/// <summary>Walks over the segments before an offset and packs those that lose entries, or are small, into new ones.</summary>
internal sealed class SegmentRewriter(Partition partition, SegmentTable segments, SegmentReader segment, KeyMap keys, long end)
{
    private const int StepBytes = 4 * 1024 * 1024;
    private readonly SegmentWriter output = new();
    private List<long> removed = [];
    private List<(long Key, byte[] Bytes)> added = [];
    private long offset;
    private long entriesDelta;
    private long bytesDelta;

    /// <summary>The next replacement, of bounded size, or null at the end.</summary>
    public SegmentReplacement? Next(CancellationToken cancellationToken)
    {
        (removed, added, entriesDelta, bytesDelta) = ([], [], 0, 0);
        var taken = 0L;
        while (taken < StepBytes && offset < end && segments.TryLoad(partition, offset, segment))
        {
            cancellationToken.ThrowIfCancellationRequested();
            offset = partition.OffsetOf(segment.SegmentKey) + 1;
            if (CanStay())
            {
                // Later entries must not go into a segment before this one.
                Flush();
                continue;
            }

            taken += segment.Length;
            Repack();
        }

        Flush();
        return removed.Count == 0 ? null : new(removed, added, entriesDelta, bytesDelta);
    }

    /// <summary>A large segment that loses nothing is not written again.</summary>
    private bool CanStay()
    {
        if (segment.Length < SegmentFormat.TargetSize / 2)
            return false;
        while (segment.MoveNext())
            if (keys.Supersedes(segment.Current))
                return false;
        return true;
    }

    private void Repack()
    {
        removed.Add(segment.SegmentKey);
        entriesDelta -= segment.Count;
        bytesDelta -= segment.Length;
        segment.Rewind();
        while (segment.MoveNext())
        {
            var entry = segment.Current;
            if (keys.Supersedes(entry))
                continue;
            if (output.IsFullFor(entry.ByteCount))
                Flush();
            output.Add(entry);
            entriesDelta++;
        }
    }

    private void Flush()
    {
        if (output.Count == 0)
            return;
        var key = partition.KeyOf(output.LastOffset);
        var bytes = output.Finish(key).ToArray();
        added.Add((key, bytes));
        bytesDelta += bytes.Length;
        output.Clear();
    }
}
