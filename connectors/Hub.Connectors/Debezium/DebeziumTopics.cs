using Confluent.Kafka;
using Hub.Core.Sources;

namespace Hub.Connectors.Debezium;

/// <summary>
/// The partitions that a source reads, checked against where it was: a topic that is gone or made anew, and records that were
/// deleted before they were read, stop the source.
/// </summary>
internal sealed class DebeziumTopics(DebeziumSourceOptions options, DebeziumConsumer consumer, DebeziumPosition? saved)
{
    private readonly Dictionary<string, DebeziumTable> tables = options.Tables.Select(options.Open).ToDictionary(table => table.Topic, StringComparer.Ordinal);
    private readonly Dictionary<string, string?> ids = saved?.Topics.ToDictionary(topic => topic.Key, topic => topic.Value.Id, StringComparer.Ordinal) ?? new(StringComparer.Ordinal);
    private readonly Dictionary<TopicPartition, PartitionReader> partitions = [];

    public PartitionReader this[TopicPartition partition] => partitions[partition];

    public IEnumerable<PartitionReader> Data => partitions.Values.Where(partition => partition.Table is not null);

    /// <summary>Looks at every topic; true when there are partitions that were not read so far.</summary>
    /// <exception cref="Core.Ops.HubException">A topic is not what it was.</exception>
    public async Task<bool> LookAsync()
    {
        var before = partitions.Count;
        foreach (var topic in tables.Keys.Concat(options.SignalTopics))
        {
            if (await consumer.LookAsync(topic) is { } state)
                await AdoptAsync(topic, state);
            else if (ids.ContainsKey(topic))
                throw DebeziumFailures.TopicGone(options, topic);
        }

        return Data.Any() ? partitions.Count > before : throw DebeziumFailures.TopicsMissing(options, tables.Keys);
    }

    public void Assign() => consumer.Assign(partitions.Values);

    public DebeziumPosition Position => new(partitions.Values.GroupBy(partition => partition.Partition.Topic, StringComparer.Ordinal).ToDictionary(
        topic => topic.Key,
        topic => new TopicPlace(ids[topic.Key], [.. topic.OrderBy(partition => partition.Partition.Partition.Value).Select(partition => partition.Place)]), StringComparer.Ordinal));

    /// <summary>How far the first reading of the topics is; null once each has been read to where it ended at first.</summary>
    public SnapshotProgress? Progress()
    {
        var first = Data.Where(partition => partition.Place.FirstEnd > 0).ToList();
        if (first.Find(partition => partition.IsFirstRead) is { } next)
            return new(next.Table!.Mapping.Table, first.Sum(partition => Math.Min(partition.Place.Next, partition.Place.FirstEnd)), first.Sum(partition => partition.Place.FirstEnd));
        first.ForEach(partition => partition.EndFirstRead());
        return null;
    }

    /// <summary>Where every partition of the tables ends now.</summary>
    public async Task<IReadOnlyList<(PartitionReader Partition, long End)>> EndsAsync()
    {
        var ends = new List<(PartitionReader, long)>();
        foreach (var partition in Data)
            ends.Add((partition, (await consumer.EndsAsync(partition.Partition)).High.Value));
        return ends;
    }

    private async Task AdoptAsync(string topic, TopicState state)
    {
        var place = saved?.Topics.GetValueOrDefault(topic);
        if (ids.TryGetValue(topic, out var id) && id is not null && state.Id is not null && id != state.Id)
            throw DebeziumFailures.TopicReplaced(options, topic, $"its id is {state.Id}, not {id}");
        if (place?.Partitions.Length > state.Partitions)
            throw DebeziumFailures.TopicReplaced(options, topic, $"it has {state.Partitions} partitions, not {place.Partitions.Length}");
        ids[topic] = state.Id ?? id;
        // A partition that was added takes over keys of the others, whose snapshot rows may have any of their versions.
        var floor = partitions.Values.Where(partition => partition.Partition.Topic == topic).Select(partition => partition.Place).Concat(place?.Partitions ?? []).Select(each => each.Floor).DefaultIfEmpty().Max();
        for (var i = 0; i < state.Partitions; i++)
        {
            var partition = new TopicPartition(topic, i);
            var ends = await consumer.EndsAsync(partition);
            var table = tables.GetValueOrDefault(topic);
            var known = partitions.TryGetValue(partition, out var reader) ? reader.Place : i < place?.Partitions.Length ? place.Partitions[i] : (PartitionPlace?)null;
            if (known is { } next)
                Check(partition, next.Next, ends);
            if (reader is null)
                partitions[partition] = new(partition, table, known ?? Begin(partition, table, ends, floor, isNew: place is null));
        }
    }

    private void Check(TopicPartition partition, long next, WatermarkOffsets ends)
    {
        if (next > ends.High.Value)
            throw DebeziumFailures.TopicReplaced(options, partition.Topic, $"partition {partition.Partition.Value} ends at offset {ends.High.Value}, but Hub had read up to {next}");
        if (next < ends.Low.Value && tables.ContainsKey(partition.Topic))
            throw DebeziumFailures.RecordsExpired(options, $"{partition.Topic}/{partition.Partition.Value}", next, ends.Low.Value);
    }

    private PartitionPlace Begin(TopicPartition partition, DebeziumTable? table, WatermarkOffsets ends, long floor, bool isNew)
    {
        // Of the topics that only tell moments, the last record is enough.
        if (table is null)
            return new(Math.Max(ends.Low.Value, ends.High.Value - 1));
        if (ends.Low.Value > 0 && !options.TakesAvailable)
            throw DebeziumFailures.BeginningExpired(options, $"{partition.Topic}/{partition.Partition.Value}", ends.Low.Value);
        return new(ends.Low.Value, floor, FirstEnd: isNew ? ends.High.Value : 0);
    }
}
