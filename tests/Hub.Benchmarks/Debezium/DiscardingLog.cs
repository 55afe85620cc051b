using Hub.Core.Log;

namespace Hub.Benchmarks.Debezium;

/// <summary>A log that keeps nothing, so that only what comes before it is measured.</summary>
internal sealed class DiscardingLog : ILog
{
    private static readonly Dictionary<TopicPartition, long> Nothing = [];

    public bool IsShared => false;

    public ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken) => ValueTask.FromResult(partitions);

    public ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken) => ValueTask.FromResult(new SourceLease(CancellationToken.None));

    public ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyDictionary<TopicPartition, long>>(Nothing);

    public ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyDictionary<TopicPartition, long>>(Nothing);

    public ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken) => ValueTask.FromResult<StoredCheckpoint?>(null);

    public ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<ILogReader> OpenReaderAsync(
        string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
        => throw new NotSupportedException("Nothing is kept that could be read.");

    public ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<PartitionLag>>([]);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
