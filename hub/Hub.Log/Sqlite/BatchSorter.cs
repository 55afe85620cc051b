using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>Groups a batch's entries by partition without moving them, in their order, in time linear to their number.</summary>
internal sealed class BatchSorter
{
    private readonly List<Partition> used = [];
    private Partition[] partitions = new Partition[1024];
    private int[] order = new int[1024];
    private int[] ends = [];

    public void Sort(LogBatch batch, PartitionTable table)
    {
        if (partitions.Length < batch.Count)
        {
            partitions = new Partition[batch.Count];
            order = new int[batch.Count];
        }

        Count(batch, table);
        var total = 0;
        foreach (var partition in used)
            (ends[partition.Id], total) = (total, total + ends[partition.Id]);
        for (var index = 0; index < batch.Count; index++)
            order[ends[partitions[index].Id]++] = index;
    }

    public Enumerator GetEnumerator() => new(this);

    private void Count(LogBatch batch, PartitionTable table)
    {
        used.Clear();
        ends = ends.Length == table.All.Length ? ends : new int[table.All.Length];
        Array.Clear(ends);
        for (var index = 0; index < batch.Count; index++)
        {
            var entry = batch[index];
            if (!entry.Key.HasValue)
                throw new ArgumentException($"Entry {index} of the batch has no key.", nameof(batch));
            var partition = partitions[index] = table[entry.Place];
            if (ends[partition.Id]++ == 0)
                used.Add(partition);
        }
    }

    public ref struct Enumerator(BatchSorter sorter)
    {
        private int at = -1;

        public readonly PartitionIndexes Current
        {
            get
            {
                var start = at == 0 ? 0 : sorter.ends[sorter.used[at - 1].Id];
                var partition = sorter.used[at];
                return new(partition, sorter.order.AsSpan(start, sorter.ends[partition.Id] - start));
            }
        }

        public bool MoveNext() => ++at < sorter.used.Count;
    }
}

internal readonly ref struct PartitionIndexes(Partition partition, ReadOnlySpan<int> indexes)
{
    private readonly ReadOnlySpan<int> indexes = indexes;

    public void Deconstruct(out Partition partition, out ReadOnlySpan<int> indexes)
    {
        partition = Partition;
        indexes = this.indexes;
    }

    private Partition Partition { get; } = partition;
}
