using Hub.Core.Sources;

namespace Hub.Core.Log;

/// <summary>A source's place, saved in the log in the same transaction as the entries it stands for.</summary>
/// <param name="CompleteAsOf">All changes committed upstream before it are in the log; null leaves the moment saved before.</param>
public sealed record Checkpoint(string Source, SourcePosition Position, DateTimeOffset? CompleteAsOf = null);

/// <summary>A checkpoint as it was read back.</summary>
/// <param name="EndOffsets">The end of each partition at the moment <see cref="Checkpoint.CompleteAsOf"/> was saved: a reader past all of them is complete as of it.</param>
public sealed record StoredCheckpoint(Checkpoint Checkpoint, IReadOnlyDictionary<TopicPartition, long> EndOffsets);

/// <summary>How far a consumer group is behind in one partition.</summary>
/// <param name="Committed">The next offset the group will read.</param>
/// <param name="HighWatermark">The offset the next append will get.</param>
public sealed record PartitionLag(TopicPartition Partition, long Committed, long HighWatermark)
{
    public long Lag => HighWatermark - Committed;
}

/// <summary>
/// The right to write for a source, held by one at a time among all processes on one log. Disposing gives it back.
/// </summary>
/// <param name="lost">Cancelled when somebody else has it, or may have.</param>
public sealed class SourceLease(CancellationToken lost, Func<ValueTask>? release = null) : IAsyncDisposable
{
    public CancellationToken Lost { get; } = lost;

    public ValueTask DisposeAsync() => release?.Invoke() ?? ValueTask.CompletedTask;
}

/// <summary>Topics with partitions. Appends are all or nothing, durable when they return, and ordered per partition. For concurrent use.</summary>
public interface ILog : IAsyncDisposable
{
    /// <summary>Whether other processes may write to it, too.</summary>
    bool IsShared { get; }

    /// <summary>Creates the topic when it is missing; one that exists keeps its partitions. Returns how many it has.</summary>
    ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until nobody else writes for the source, and makes sure of it: what an earlier holder appends from then on is refused.
    /// </summary>
    ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken);

    /// <summary>
    /// Appends all entries and the checkpoint in one transaction and returns when it is durable. Entries may be none.
    /// Their topics must exist. Returns, for every partition of every topic, an offset that is past all that the checkpoint's source
    /// has appended.
    /// </summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken);

    /// <summary>The end of every partition of the topics: a reader whose next offsets have reached it has read all that was appended before the call. A topic that is missing has none.</summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken);

    ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken);

    /// <summary>Forgets the place of a source, so that it starts anew. The entries stay.</summary>
    ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a reader of the group over the topics. It starts at <paramref name="start"/> where that names a partition,
    /// else at the group's committed offset, else at the beginning.
    /// </summary>
    ValueTask<ILogReader> OpenReaderAsync(
        string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken);
}

/// <summary>A member of a consumer group. Not for concurrent use.</summary>
public interface ILogReader : IAsyncDisposable
{
    /// <summary>
    /// Clears <paramref name="into"/> and fills it with the next entries, in order per partition, up to about
    /// <paramref name="maxBytes"/> (one larger entry is read alone). Waits until there is at least one, but no longer than
    /// <paramref name="maxWait"/>; then the batch stays empty. It also stays empty when the next offsets only moved past what is no entry.
    /// </summary>
    /// <param name="maxWait"><see cref="Timeout.InfiniteTimeSpan"/> waits for as long as it takes.</param>
    ValueTask ReadAsync(LogBatch into, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken);

    /// <summary>The offset of the next entry that will be read, for every partition that is read.</summary>
    IReadOnlyDictionary<TopicPartition, long> NextOffsets { get; }

    /// <summary>Saves the group's place durably.</summary>
    ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken);
}
