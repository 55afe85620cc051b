namespace Hub.Log.Sqlite;

/// <summary>Reads segments on a connection of its own. No read transaction stays open between two calls.</summary>
internal sealed class SegmentTable : IDisposable
{
    private readonly Database database;
    private readonly Statement next;
    private readonly Statement newest;

    public SegmentTable(string path)
    {
        database = new Database(path, readOnly: true);
        database.Run("PRAGMA cache_size = -1024");
        next = database.Prepare("SELECT id, bytes FROM segment WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1");
        newest = database.Prepare("SELECT id FROM segment WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3");
    }

    /// <summary>Loads the segment that holds the offset, or the next one after it.</summary>
    public bool TryLoad(Partition partition, long offset, SegmentReader into)
    {
        next.Bind(1, partition.KeyOf(offset)).Bind(2, partition.LastKey);
        if (!next.Step())
            return false;
        try
        {
            into.Load(partition, next.Int64(0), next.Blob(1));
            return true;
        }
        finally
        {
            next.Reset();
        }
    }

    /// <summary>The offset after the last segment that is older than the newest <paramref name="keep"/> ones.</summary>
    public long EndWithoutNewest(Partition partition, int keep)
    {
        newest.Bind(1, partition.FirstKey).Bind(2, partition.LastKey).Bind(3, (long)keep);
        if (!newest.Step())
            return 0;
        var end = partition.OffsetOf(newest.Int64(0)) + 1;
        newest.Reset();
        return end;
    }

    public void Dispose() => database.Dispose();
}
