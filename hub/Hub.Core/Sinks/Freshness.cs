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
    private readonly List<Waiter> waiters = [];
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
            Tell();
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
            Tell();
        }
    }

    /// <summary>Waits, for as long as given, until each of the sources is complete as of the moment.</summary>
    /// <returns>Those that still are not.</returns>
    public Task<IReadOnlyList<LateSource>> WaitAsync(IReadOnlyCollection<string> names, DateTimeOffset moment, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
        => WaitAsync<LateSource>(
            () => [.. names.Select(name => new LateSource(name, sources.GetValueOrDefault(name)?.AsOf)).Where(source => source.AsOf is not { } asOf || asOf < moment)],
            wait, time, cancellationToken);

    /// <summary>Waits, for as long as given, until everything before the places is searchable.</summary>
    /// <returns>Those before which something still is not.</returns>
    public Task<IReadOnlyList<LatePlace>> WaitAsync(IReadOnlyDictionary<TopicPartition, long> places, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
        => WaitAsync<LatePlace>(
            () => [.. places.Select(place => new LatePlace(place.Key, place.Value, searchable.TryGetValue(place.Key, out var offset) ? offset : null)).Where(place => place.Searchable is not { } offset || offset < place.Asked)],
            wait, time, cancellationToken);

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

    /// <param name="late">What does not hold yet; called under the lock, at every change.</param>
    private async Task<IReadOnlyList<T>> WaitAsync<T>(Func<IReadOnlyList<T>> late, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(() => late().Count == 0);
        lock (gate)
        {
            if (late() is var missing && (missing.Count == 0 || wait <= TimeSpan.Zero))
                return missing;
            waiters.Add(waiter);
        }

        try
        {
            await waiter.Told.Task.WaitAsync(wait, time, cancellationToken);
            return [];
        }
        catch (TimeoutException)
        {
            lock (gate)
                return late();
        }
        finally
        {
            lock (gate)
                waiters.Remove(waiter);
        }
    }

    private void Tell()
    {
        foreach (var waiter in waiters)
            if (!waiter.Told.Task.IsCompleted && waiter.Holds())
                waiter.Told.SetResult();
    }

    private State Find(string source)
    {
        if (!sources.TryGetValue(source, out var state))
            sources.Add(source, state = new());
        return state;
    }

    private sealed record Waiter(Func<bool> Holds)
    {
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
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

/// <param name="AsOf">What it is complete as of; null when nothing can be said of it yet.</param>
public sealed record LateSource(string Source, DateTimeOffset? AsOf);

/// <param name="Asked">Everything before this offset was asked for.</param>
/// <param name="Searchable">The first offset that is not searchable yet; null when the index does not read the partition.</param>
public sealed record LatePlace(TopicPartition Place, long Asked, long? Searchable);
