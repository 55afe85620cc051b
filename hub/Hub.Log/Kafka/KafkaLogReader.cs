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
    private static readonly TimeSpan JoinSlice = TimeSpan.FromMilliseconds(10);

    private readonly KafkaClients clients;
    private readonly KafkaTopics topics;
    private readonly string[] names;
    // It waits in the client library for as long as there is nothing to read, which would take a thread of the pool from everybody else.
    private readonly OwnThread thread = new("hub kafka reader");
    private readonly IConsumer<Cell, Cell> consumer;
    private readonly BatchStore store = new();
    private readonly KafkaHeaders headers = new();
    private readonly Dictionary<Confluent.Kafka.TopicPartition, Place> places = [];
    private Place? lastPlace;
    // The record that had no room in the last batch, with its bytes.
    private readonly LogBatch heldBytes = new();
    private Held? held;
    private bool hasMoved;
    private long lastSign;
    private bool isMember;
    private bool isAssigned;
    private bool isDisposed;

    private readonly record struct Held(Place Place, LogEntry Entry);

    private sealed class Place(string topic, TopicPartition name, long next)
    {
        public TopicPartition Name { get; } = name;

        public long Next { get; set; } = next;

        /// <summary>Where the group is at least: what was read before a partition went to another member and came back is older.</summary>
        public long Committed { get; set; } = next;

        public bool Is(ConsumeResult<Cell, Cell> record) => record.Partition.Value == Name.Partition && record.Topic == topic;
    }

    public KafkaLogReader(KafkaClients clients, KafkaTopics topics, string group, string[] names)
    {
        (this.clients, this.topics, this.names, lastSign) = (clients, topics, names, clients.Options.Time.GetTimestamp());
        consumer = clients.Build(() => clients.Consumer<Cell, Cell>(topics.GroupOf(group))
            .SetKeyDeserializer(store).SetValueDeserializer(store)
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
        var committed = Committed(unnamed, stop);
        foreach (var name in wanted)
        {
            var place = KafkaPlaceOf(name);
            var bounds = Bounds(place, stop);
            var (least, end) = (bounds.Low.Value, bounds.High.Value);
            var next = start.TryGetValue(name, out var given) ? given : committed[place] >= 0 ? committed[place] : least;
            // Waiting for the log to get there would pass over all that is appended until then.
            if (next > end || (next < least && next > 0))
                throw new HubException(new Finding(
                    Codes.LogDamaged, Severity.Error, $"{name}", $"The reader should start at offset {next}, but the topic has {least} to {end}: it was made anew, or has forgotten what was not read yet.",
                    KafkaFailures.Rebuild));
            places[place] = new(place.Topic, name, Math.Max(next, least));
        }

        consumer.Assign(places.Select(one => new TopicPartitionOffset(one.Key, one.Value.Next)));
        NextOffsets = Offsets();
    }, cancellationToken);

    /// <summary>Joins the group and waits for its share of the partitions.</summary>
    public Task JoinAsync(CancellationToken cancellationToken) => RunAsync(stop =>
    {
        isMember = true;
        consumer.Subscribe(names.Select(topics.NameOf));
        var began = clients.Options.Time.GetTimestamp();
        while (!isAssigned && held is null && clients.Options.Time.GetElapsedTime(began) < clients.Options.Timeout)
        {
            stop.ThrowIfCancellationRequested();
            // A member is told of its share inside a call that may bring a record with it.
            store.Batch = heldBytes;
            if (Consume(JoinSlice) is { } record && EntryOf(record, heldBytes) is { } first)
                held = first;
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

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, true))
            return;
        await thread.RunAsync(() =>
        {
            if (isMember)
                KafkaClients.End(consumer);
            else
                consumer.Dispose();
            return true;
        });
        thread.Dispose();
    }

    private Task RunAsync(Action<CancellationToken> work, CancellationToken cancellationToken) => clients.AskAsync(
        "the log cannot be read", stop => thread.RunAsync(() =>
        {
            work(stop);
            return true;
        }), cancellationToken);

    private void Fill(LogBatch into, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var time = clients.Options.Time;
        var began = time.GetTimestamp();
        TakeHeld(into);
        store.Batch = into;
        while (held is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = maxWait == Timeout.InfiniteTimeSpan ? Slice : maxWait - time.GetElapsedTime(began);
            var isOver = hasMoved || left <= TimeSpan.Zero;
            var before = into.StoredBytes;
            if (Consume(isOver ? TimeSpan.Zero : left < Slice ? left : Slice) is { } record)
                Add(record, into, before, maxBytes);
            else if (isOver)
                break;
            else
                LookAfterSilence(cancellationToken);
        }

        if (hasMoved)
            lastSign = time.GetTimestamp();
        hasMoved = false;
    }

    // A reader of a topic that was deleted would wait for ever: the library goes on asking, and says nothing.
    private void LookAfterSilence(CancellationToken cancellationToken)
    {
        var time = clients.Options.Time;
        if (time.GetElapsedTime(lastSign) < clients.Options.Timeout)
            return;
        if (topics.FindMissing(names, cancellationToken) is { } missing)
            throw missing;
        clients.ThrowIfRefused();
        lastSign = time.GetTimestamp();
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

    private void Add(ConsumeResult<Cell, Cell> record, LogBatch into, int before, int maxBytes)
    {
        if (EntryOf(record, into) is not { } one)
            into.Release(before);
        else if (into.Count > 0 && into.SizeInBytes + EntryOverhead > maxBytes)
        {
            heldBytes.Clear();
            heldBytes.Add(into, one.Entry);
            held = one with { Entry = heldBytes[0] };
            into.Release(before);
        }
        else
        {
            into.Add(one.Entry);
            Pass(one);
        }
    }

    private void TakeHeld(LogBatch into)
    {
        // Its partition may be another member's by now.
        if (held is { } one && places.GetValueOrDefault(KafkaPlaceOf(one.Entry.Place)) == one.Place)
        {
            into.Add(heldBytes, one.Entry);
            Pass(one);
        }

        held = null;
    }

    private void Pass(Held one)
    {
        one.Place.Next = one.Entry.Offset + 1;
        hasMoved = true;
    }

    /// <summary>The entry that a record is, its bytes in the batch; none for a record of another's partition, or for the end of a partition.</summary>
    private Held? EntryOf(ConsumeResult<Cell, Cell> record, LogBatch into)
    {
        if (PlaceOf(record) is not { } place)
            return null;
        if (!record.IsPartitionEOF)
        {
            var key = record.Message.Key.IsNull ? into.Store([]) : record.Message.Key;
            return new(place, headers.Read(record.Message.Headers, into, place.Name, record.Offset.Value, key, record.Message.Value));
        }

        // Past the markers of transactions, which are no entries.
        hasMoved |= record.Offset.Value > place.Next;
        place.Next = Math.Max(place.Next, record.Offset.Value);
        return null;
    }

    // Records come in runs of one partition.
    private Place? PlaceOf(ConsumeResult<Cell, Cell> record)
    {
        if (lastPlace?.Is(record) != true)
            lastPlace = places.GetValueOrDefault(record.TopicPartition);
        return lastPlace;
    }

    private IEnumerable<TopicPartitionOffset> Give(List<Confluent.Kafka.TopicPartition> assigned)
    {
        isAssigned = true;
        lastPlace = null;
        var committed = Committed(assigned, clients.Closing);
        foreach (var one in assigned)
            places[one] = new(one.Topic, new(one.Topic[clients.Options.Prefix.Length..], one.Partition.Value), committed[one] >= 0 ? committed[one] : Bounds(one, clients.Closing).Low.Value);
        return assigned.Select(one => new TopicPartitionOffset(one, places[one].Next));
    }

    private void Take(List<TopicPartitionOffset> revoked)
    {
        lastPlace = null;
        foreach (var one in revoked)
            places.Remove(one.TopicPartition);
    }

    private Dictionary<Confluent.Kafka.TopicPartition, long> Committed(IReadOnlyCollection<Confluent.Kafka.TopicPartition> asked, CancellationToken cancellationToken)
        => asked.Count == 0
            ? []
            : BlockingCalls.Run(turn => consumer.Committed(asked, turn), clients, cancellationToken).ToDictionary(one => one.TopicPartition, one => one.Offset.Value);

    private WatermarkOffsets Bounds(Confluent.Kafka.TopicPartition place, CancellationToken cancellationToken)
        => BlockingCalls.Run(turn => consumer.QueryWatermarkOffsets(place, turn), clients, cancellationToken);

    private Confluent.Kafka.TopicPartition KafkaPlaceOf(TopicPartition place) => new(topics.NameOf(place.Topic), place.Partition);

    private Dictionary<TopicPartition, long> Offsets() => places.Values.ToDictionary(place => place.Name, place => place.Next);
}
