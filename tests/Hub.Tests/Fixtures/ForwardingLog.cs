using Hub.Core.Log;

namespace Hub.Tests.Fixtures;

/// <summary>A log in front of another, for a test to come in between.</summary>
public abstract class ForwardingLog(ILog inner) : ILog
{
    public bool IsShared => inner.IsShared;

    public virtual ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
        => inner.EnsureTopicAsync(topic, partitions, cancellationToken);

    public virtual ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken) => inner.AcquireAsync(source, cancellationToken);

    public virtual ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
        => inner.AppendAsync(entries, checkpoint, cancellationToken);

    public virtual ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
        => inner.ReadEndsAsync(topics, cancellationToken);

    public virtual ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken)
        => inner.ReadCheckpointAsync(source, cancellationToken);

    public ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken) => inner.DeleteCheckpointAsync(source, cancellationToken);

    public virtual ValueTask<ILogReader> OpenReaderAsync(
        string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
        => inner.OpenReaderAsync(group, topics, start, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken) => inner.ReadLagAsync(group, cancellationToken);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return inner.DisposeAsync();
    }
}
