using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>All partitions of all topics. Added to by the writer; what others hold of it stays valid.</summary>
internal sealed class PartitionTable
{
    private volatile Snapshot snapshot = new([], []);

    /// <summary>By their ids, which count from 0.</summary>
    public Partition[] All => snapshot.All;

    public Partition this[TopicPartition place] => Find(place) ?? throw new ArgumentException($"The log has no partition {place}.");

    public static PartitionTable Read(Database database)
    {
        var found = new List<Partition>();
        using var rows = database.Prepare(
            "SELECT id, topic, number, next_offset, entries, bytes, compacted_until FROM partition ORDER BY id");
        while (rows.Step())
            found.Add(new((int)rows.Int64(0), new(rows.Text(1), (int)rows.Int64(2)), new(rows.Int64(3), rows.Int64(4), rows.Int64(5)), rows.Int64(6)));
        var table = new PartitionTable();
        table.Add(found);
        return table;
    }

    public Partition? Find(TopicPartition place)
        => snapshot.Topics.TryGetValue(place.Topic, out var partitions) && (uint)place.Partition < (uint)partitions.Length
            ? partitions[place.Partition]
            : null;

    public Partition[] Of(string topic) => snapshot.Topics.GetValueOrDefault(topic) ?? [];

    /// <summary>A partition that is not in the table yet. Partitions of one topic are made together.</summary>
    public Partition Next(string topic, int number) => new(All.Length + number, new(topic, number), default, 0);

    public void Add(IEnumerable<Partition> partitions)
    {
        Partition[] all = [.. All, .. partitions];
        snapshot = new(all, all.GroupBy(one => one.Place.Topic).ToDictionary(topic => topic.Key, topic => topic.ToArray()));
    }

    public Dictionary<TopicPartition, long> Ends()
    {
        var all = All;
        var ends = new Dictionary<TopicPartition, long>(all.Length);
        foreach (var partition in all)
            ends.Add(partition.Place, partition.End);
        return ends;
    }

    private sealed record Snapshot(Partition[] All, Dictionary<string, Partition[]> Topics);
}
