using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Log.Kafka;

/// <summary>
/// Reads committed entries. As a member of a group it may be given and lose partitions whenever it reads: what it has read of a lost
/// one and not committed is read again by the new member, which versions make harmless.
/// </summary>
internal sealed class KafkaLogReader : ILogReader
{
    private const int EntryOverhead = 96;
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private readonly KafkaClients clients;
    private readonly KafkaTopics topics;
    private readonly IConsumer<Cell, Cell> consumer;
    private readonly CellStore keys = new();
    private readonly CellStore values = new();
    private readonly KafkaHeaders headers = new();
    private readonly Dictionary<Confluent.Kafka.TopicPartition, Place> places = [];
    private ConsumeResult<Cell, Cell>? held;
    private bool isMember;
    private bool isAssigned;

    private sealed class Place(TopicPartition name, long next)
    {
        public TopicPartition Name { get; } = name;

        public long Next { get; set; } = next;

        /// <summary>Where the group is at least: what was read before a partition went to another member and came back is older.</summary>
        public long Committed { get; set; } = next;
    }

    public KafkaLogReader(KafkaClients clients, KafkaTopics topics, string group)
    {
        (this.clients, this.topics) = (clients, topics);
        consumer = clients.Build(() => clients.Consumer<Cell, Cell>(topics.GroupOf(group))
            .SetKeyDeserializer(keys).SetValueDeserializer(values)
            .SetPartitionsAssignedHandler((_, assigned) => Give(assigned))
            .SetPartitionsRevokedHandler((_, revoked) => Take(revoked))
            .SetPartitionsLostHandler((_, lost) => Take(lost))
            .Build());
    }

    public IReadOnlyDictionary<TopicPartition, long> NextOffsets { get; private set; } = new Dictionary<TopicPartition, long>();

    /// <summary>Takes all partitions, from the given offsets, else the group's, else the beginning.</summary>
    public Task TakeAsync(IReadOnlyCollection<TopicPartition> wanted, IReadOnlyDictionary<TopicPartition, long> start, CancellationToken cancellationToken) => RunAsync(stop =>
    {
        var unnamed = wanted.Where(place => !start.ContainsKey(place)).Select(KafkaPlaceOf).ToList();
        var committed = unnamed.Count == 0 ? [] : BlockingCalls.Run(limit => consumer.Committed(unnamed, limit), clients.Options, stop).ToDictionary(one => one.TopicPartition, one => one.Offset);
        foreach (var name in wanted)
        {
            var place = KafkaPlaceOf(name);
            var (least, end) = BlockingCalls.Run(limit => consumer.QueryWatermarkOffsets(place, limit), clients.Options, stop) is var bounds ? (bounds.Low.Value, Math.Max(bounds.High.Value, topics.EndOf(name))) : default;
            var next = start.TryGetValue(name, out var given) ? given : committed[place].Value >= 0 ? committed[place].Value : least;
            // Waiting for the log to get there would pass over all that is appended until then.
            if (next > end || (next < least && next > 0))
                throw new HubException(new Finding(
                    Codes.LogDamaged, Severity.Error, $"{name}", $"The reader should start at offset {next}, but the topic has {least} to {end}: it was made anew, or has forgotten what was not read yet.",
                    "Let the index be built from the log again, and the sources begin anew if the topic no longer holds everything."));
            places[place] = new(name, Math.Max(next, least));
        }

        consumer.Assign(places.Select(one => new TopicPartitionOffset(one.Key, one.Value.Next)));
        NextOffsets = Offsets();
    }, cancellationToken);

    /// <summary>Joins the group and waits for its share of the partitions.</summary>
    public Task JoinAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) => RunAsync(stop =>
    {
        isMember = true;
        consumer.Subscribe(names.Select(topics.NameOf));
        var began = clients.Options.Time.GetTimestamp();
        while (!isAssigned && held is null && clients.Options.Time.GetElapsedTime(began) < clients.Options.Timeout)
        {
            stop.ThrowIfCancellationRequested();
            held = Consume(Slice);
        }

        NextOffsets = Offsets();
    }, cancellationToken);

    public async ValueTask ReadAsync(LogBatch into, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        into.Clear();
        await RunAsync(stop => Fill(into, maxBytes, maxWait, stop), cancellationToken);
        NextOffsets = Offsets();
    }

    public async ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken) => await RunAsync(stop =>
    {
        var mine = offsets.Select(one => (Place: KafkaPlaceOf(one.Key), one.Value))
            .Where(one => !isMember || (places.TryGetValue(one.Place, out var place) && one.Value >= place.Committed))
            .Select(one => new TopicPartitionOffset(one.Place, one.Value)).ToList();
        try
        {
            if (mine.Count > 0)
                consumer.Commit(mine);
            foreach (var one in mine)
                if (places.TryGetValue(one.TopicPartition, out var place))
                    place.Committed = one.Offset.Value;
        }
        catch (KafkaException failure) when (isMember && failure.Error.Code is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.RebalanceInProgress or ErrorCode.Local_State)
        {
            // The partitions are being handed over: whoever has them next reads from the last commit.
        }
    }, cancellationToken);

    public async ValueTask DisposeAsync() => await Task.Run(() =>
    {
        if (isMember)
            KafkaClients.End(consumer);
        else
            consumer.Dispose();
    });

    /// <summary>On a thread of its own: it waits in the client library for as long as there is nothing to read, which would take a thread of the pool from everybody else.</summary>
    private Task RunAsync(Action<CancellationToken> work, CancellationToken cancellationToken) => clients.AskAsync(
        "the log cannot be read", stop => Task.Factory.StartNew(
            () =>
            {
                work(stop);
                return true;
            }, stop, TaskCreationOptions.LongRunning, TaskScheduler.Default), cancellationToken);

    private void Fill(LogBatch into, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var time = clients.Options.Time;
        var began = time.GetTimestamp();
        for (var hasMoved = false; ; held = null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = maxWait == Timeout.InfiniteTimeSpan ? Slice : maxWait - time.GetElapsedTime(began);
            var isOver = hasMoved || left <= TimeSpan.Zero;
            held ??= Consume(isOver ? TimeSpan.Zero : left < Slice ? left : Slice);
            if (held is null ? isOver : !TryAdd(into, held, maxBytes, ref hasMoved))
                return;
        }
    }

    private ConsumeResult<Cell, Cell>? Consume(TimeSpan wait)
    {
        try
        {
            return consumer.Consume(wait);
        }
        catch (ConsumeException failure) when (failure.Error.Code is ErrorCode.Local_MaxPollExceeded || failure.Error.Code is ErrorCode.UnknownTopicOrPart && isMember)
        {
            // Too slow for the group, or too early for a new topic: the library joins again by itself.
            return null;
        }
    }

    /// <summary>False when the batch has no room for the record.</summary>
    private bool TryAdd(LogBatch into, ConsumeResult<Cell, Cell> record, int maxBytes, ref bool hasMoved)
    {
        if (!places.TryGetValue(record.TopicPartition, out var place))
            return true;
        if (record.IsPartitionEOF)
        {
            // Past the markers of transactions, which are no entries.
            hasMoved |= record.Offset.Value > place.Next;
            place.Next = Math.Max(place.Next, record.Offset.Value);
            return true;
        }

        var message = record.Message;
        if (into.Count > 0 && into.SizeInBytes + EntryOverhead + keys.Bytes.Length + values.Bytes.Length > maxBytes)
            return false;
        var entry = headers.Read(into, message.Headers, keys.Bytes, message.Value.IsNull);
        into.Add(entry with
        {
            Place = place.Name, Offset = record.Offset.Value, Key = into.Store(keys.Bytes),
            Value = message.Value.IsNull ? Cell.Null : into.Store(values.Bytes),
        });
        place.Next = record.Offset.Value + 1;
        hasMoved = true;
        return true;
    }

    private IEnumerable<TopicPartitionOffset> Give(List<Confluent.Kafka.TopicPartition> assigned)
    {
        isAssigned = true;
        if (assigned.Count == 0)
            return [];
        var committed = consumer.Committed(assigned, clients.Options.Timeout);
        foreach (var one in committed)
        {
            var next = one.Offset.Value >= 0 ? one.Offset.Value : consumer.QueryWatermarkOffsets(one.TopicPartition, clients.Options.Timeout).Low.Value;
            places[one.TopicPartition] = new(new(one.Topic[clients.Options.Prefix.Length..], one.Partition.Value), next);
        }

        return assigned.Select(one => new TopicPartitionOffset(one, places[one].Next));
    }

    private void Take(List<TopicPartitionOffset> revoked)
    {
        foreach (var one in revoked)
        {
            places.Remove(one.TopicPartition);
            if (held?.TopicPartition == one.TopicPartition)
                held = null;
        }
    }

    private Confluent.Kafka.TopicPartition KafkaPlaceOf(TopicPartition place) => new(topics.NameOf(place.Topic), place.Partition);

    private Dictionary<TopicPartition, long> Offsets() => places.Values.ToDictionary(place => place.Name, place => place.Next);

    /// <summary>Keeps the bytes of the record that was read last, in a buffer that is used again.</summary>
    private sealed class CellStore : IDeserializer<Cell>
    {
        private byte[] buffer = new byte[1024];
        private int length;

        public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, length);

        public Cell Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
        {
            if (buffer.Length < data.Length)
                buffer = new byte[Math.Max(data.Length, buffer.Length * 2)];
            data.CopyTo(buffer);
            length = data.Length;
            return isNull ? Cell.Null : new Cell(0, length);
        }
    }
}
