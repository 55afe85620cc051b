using System.Collections.Concurrent;
using Hub.Core.Log;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>
/// The log in the topics of a Kafka cluster. Each source writes in transactions under its own transactional id, entries and checkpoint
/// together; readers see committed entries only. Several Hubs share one log: readers of a group by its partitions, sources by leases.
/// </summary>
public sealed class KafkaLog : ILog
{
    private readonly KafkaClients clients;
    private readonly KafkaTopics topics;
    private readonly CheckpointTable checkpoints;
    private readonly ConcurrentDictionary<string, SourceWriter> writers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KafkaLease, bool> leases = [];
    private readonly ConcurrentDictionary<string, string[]> groups = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim opening = new(1);
    // Entries without a checkpoint are nobody's in particular: each process writes them under an id of its own.
    private readonly string anonymous = $"{Guid.NewGuid():N}";
    private bool isOpen;

    /// <exception cref="HubException">A setting is not one of the client library, or is Hub's own.</exception>
    public KafkaLog(KafkaLogOptions options)
    {
        Finding[] findings = [.. options.ClientSettings.Keys.Select(property => KafkaLogOptions.CheckClientSetting(property, options.Bootstrap)).OfType<Finding>()];
        if (findings.Length > 0)
            throw new HubException(findings);
        clients = new(options);
        topics = new(clients);
        checkpoints = new(clients, topics);
    }

    public bool IsShared => true;

    public async ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topic);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        await OpenAsync(cancellationToken);
        return await topics.EnsureAsync(topic, partitions, cancellationToken);
    }

    public async ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        var writer = WriterOf(source);
        var lease = await KafkaLease.AcquireAsync(clients, topics, source, cancellationToken);
        try
        {
            await clients.AskAsync($"the source '{source}' cannot be taken", stop => RenewAsync(writer, stop), cancellationToken);
            var losing = lease.Lost.Register(writer.Take);
            leases[lease] = true;
            return new(lease.Lost, () => ReleaseAsync(writer, lease, losing));
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        await topics.CheckAsync(entries, cancellationToken);
        if (entries.Count > 0 || checkpoint is not null)
            await clients.AskAsync("the log cannot be written", stop => WriteAsync(entries, checkpoint, stop), cancellationToken);
        return AllPartitions().ToDictionary(place => place, topics.EndOf);
    }

    public async ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        return await topics.ReadEndsAsync([.. await topics.FindAsync(names, cancellationToken)], cancellationToken);
    }

    public async ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        return await checkpoints.ReadAsync(source, cancellationToken) is { } found
            ? new(found, await topics.ReadEndsAsync([.. AllPartitions()], cancellationToken))
            : null;
    }

    public async ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        await clients.AskAsync($"the checkpoint of the source '{source}' cannot be deleted", stop => DeleteAsync(source, stop), cancellationToken);
    }

    /// <summary>With a start the reader takes every partition, and its caller keeps the offsets; without one it shares them with the group's other members.</summary>
    public async ValueTask<ILogReader> OpenReaderAsync(
        string group, IReadOnlyCollection<string> names, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        string[] distinct = [.. names.Distinct(StringComparer.Ordinal)];
        TopicPartition[] places = [.. await topics.LookAsync(distinct, cancellationToken)];
        groups[group] = [.. groups.GetValueOrDefault(group, []).Union(distinct, StringComparer.Ordinal)];
        var reader = new KafkaLogReader(clients, topics, group, distinct);
        try
        {
            await (start is null ? reader.JoinAsync(cancellationToken) : reader.TakeAsync(places, start, cancellationToken));
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        TopicPartition[] places = [.. groups.GetValueOrDefault(group, []).SelectMany(topics.PartitionsOf)];
        if (places.Length == 0)
            return [];
        var ends = await topics.ReadEndsAsync(places, cancellationToken);
        var committed = await topics.ReadCommittedAsync(group, places, cancellationToken);
        return [.. places.Select(place => new PartitionLag(place, committed.GetValueOrDefault(place), ends[place]))];
    }

    /// <summary>Gives leases back. Whoever waits for the log meets an <see cref="ObjectDisposedException"/>. An append that is under way is done or undone as a whole.</summary>
    public async ValueTask DisposeAsync()
    {
        if (clients.IsClosed)
            return;
        await clients.CloseAsync();
        await Task.WhenAll(writers.Values.Select(writer => writer.DisposeAsync().AsTask()));
        await checkpoints.DisposeAsync();
        await topics.DisposeAsync();
        // Nobody writes for them any more, so that another Hub may have them.
        await Task.WhenAll(leases.Keys.Select(lease => lease.DisposeAsync().AsTask()));
    }

    private static async Task<bool> RenewAsync(SourceWriter writer, CancellationToken cancellationToken)
    {
        await writer.RenewAsync(cancellationToken);
        return true;
    }

    private async ValueTask ReleaseAsync(SourceWriter writer, KafkaLease lease, CancellationTokenRegistration losing)
    {
        await losing.DisposeAsync();
        await writer.ReleaseAsync();
        await lease.DisposeAsync();
        leases.TryRemove(lease, out _);
    }

    private async Task<bool> WriteAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        await WriterOf(checkpoint?.Source ?? anonymous).AppendAsync(entries, checkpoint, cancellationToken);
        return true;
    }

    private async Task<bool> DeleteAsync(string source, CancellationToken cancellationToken)
    {
        await WriterOf(source).DeleteCheckpointAsync(cancellationToken);
        return true;
    }

    private IEnumerable<TopicPartition> AllPartitions() => topics.Known.SelectMany(topics.PartitionsOf);

    private SourceWriter WriterOf(string source)
    {
        ObjectDisposedException.ThrowIf(clients.IsClosed, this);
        return writers.GetOrAdd(source, name => new(name, clients, topics, checkpoints));
    }

    /// <summary>The first use of the log makes Hub's own topics; a cluster that cannot be reached is met there, and again at the next use.</summary>
    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(clients.IsClosed, this);
        if (isOpen)
            return;
        await opening.WaitAsync(cancellationToken);
        try
        {
            if (!isOpen)
                await topics.EnsureOwnAsync(cancellationToken);
            isOpen = true;
        }
        finally
        {
            opening.Release();
        }
    }
}
