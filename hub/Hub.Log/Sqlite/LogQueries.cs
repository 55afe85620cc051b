using System.Buffers.Binary;
using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>Reads of checkpoints and group offsets, on a connection that appends do not wait for. Not for concurrent use.</summary>
internal sealed class LogQueries : IDisposable
{
    private readonly Database database;
    private readonly PartitionTable table;
    private readonly Statement checkpoint;
    private readonly Statement offsets;

    public LogQueries(string path, PartitionTable table)
    {
        this.table = table;
        database = new(path, readOnly: true);
        checkpoint = database.Prepare("SELECT position, complete_as_of, end_offsets FROM checkpoint WHERE source = ?1");
        offsets = database.Prepare("SELECT partition, next_offset FROM group_offset WHERE name = ?1 ORDER BY partition");
    }

    public StoredCheckpoint? Checkpoint(string source)
    {
        checkpoint.Bind(1, source);
        if (!checkpoint.Step())
            return null;
        DateTimeOffset? completeAsOf = checkpoint.IsNull(1) ? null : new DateTimeOffset(checkpoint.Int64(1), TimeSpan.Zero);
        var stored = new StoredCheckpoint(new(source, new(checkpoint.Text(0)), completeAsOf), EndsIn(checkpoint.Blob(2)));
        checkpoint.Reset();
        return stored;
    }

    public Dictionary<Partition, long> Offsets(string group)
    {
        var found = new Dictionary<Partition, long>();
        offsets.Bind(1, group);
        while (offsets.Step())
            found.Add(table.All[(int)offsets.Int64(0)], offsets.Int64(1));
        return found;
    }

    public void Dispose() => database.Dispose();

    private Dictionary<TopicPartition, long> EndsIn(ReadOnlySpan<byte> bytes)
    {
        var ends = new Dictionary<TopicPartition, long>();
        for (var id = 0; bytes.Length > 0; id++, bytes = bytes[sizeof(long)..])
            ends.Add(table.All[id].Place, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        return ends;
    }
}
