using Hub.Core.Log;

namespace Hub.Core.Sinks;

/// <summary>
/// How fresh the index is, per source: a source is complete as of a moment once every partition is searchable up to where it
/// ended when the source had read all that was committed upstream before that moment.
/// </summary>
public sealed class Freshness
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, State> sources = new(StringComparer.Ordinal);
    private Dictionary<TopicPartition, long> searchable = [];

    /// <summary>Makes a source known; its moment is null until something is complete.</summary>
    public void Register(string source)
    {
        lock (gate)
            Find(source);
    }

    /// <summary>Told by the writer, after a durable append.</summary>
    /// <param name="ends">The end of every partition at that moment.</param>
    public void Written(string source, DateTimeOffset completeAsOf, IReadOnlyDictionary<TopicPartition, long> ends)
    {
        lock (gate)
        {
            var state = Find(source);
            // While the index is far behind, a mark a second would pile up; thinning them only makes the moment coarser.
            if (state.Waiting.Count >= State.MaxWaiting)
                state.Thin();
            state.Waiting.Enqueue(new(completeAsOf, ends));
            state.Advance(searchable);
        }
    }

    /// <summary>A full read begins: until it is searchable, nothing can be said of the source.</summary>
    public void Forget(string source)
    {
        lock (gate)
            sources[source] = new();
    }

    /// <summary>Told by the sink, after a refresh.</summary>
    /// <param name="offsets">Per partition, the first offset that is not searchable yet.</param>
    public void Searchable(IReadOnlyDictionary<TopicPartition, long> offsets)
    {
        lock (gate)
        {
            searchable = new(offsets);
            foreach (var state in sources.Values)
                state.Advance(searchable);
        }
    }

    /// <summary>The first offset of the partition that is not searchable yet; null before the index is open.</summary>
    public long? SearchableUpTo(TopicPartition partition)
    {
        lock (gate)
            return searchable.TryGetValue(partition, out var offset) ? offset : null;
    }

    /// <summary>Every change committed upstream before the moment is searchable; null when nothing can be said yet.</summary>
    public DateTimeOffset? AsOf(string source)
    {
        lock (gate)
            return sources.GetValueOrDefault(source)?.AsOf;
    }

    public IReadOnlyDictionary<string, DateTimeOffset?> AsOf()
    {
        lock (gate)
            return sources.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => pair.Value.AsOf);
    }

    private State Find(string source)
    {
        if (!sources.TryGetValue(source, out var state))
            sources.Add(source, state = new());
        return state;
    }

    private sealed record Mark(DateTimeOffset Moment, IReadOnlyDictionary<TopicPartition, long> Ends);

    private sealed class State
    {
        public const int MaxWaiting = 256;

        public Queue<Mark> Waiting { get; private set; } = new();

        public DateTimeOffset? AsOf { get; private set; }

        public void Thin() => Waiting = new(Waiting.Where((_, index) => index % 2 == 0));

        public void Advance(Dictionary<TopicPartition, long> searchable)
        {
            while (Waiting.TryPeek(out var mark) && mark.Ends.All(end => end.Value == 0 || searchable.GetValueOrDefault(end.Key) >= end.Value))
                AsOf = Waiting.Dequeue().Moment;
        }
    }
}
