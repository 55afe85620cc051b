using Hub.Core.Log;

namespace Hub.Log.Sqlite;

/// <summary>
/// The log in one SQLite file. One process opens it. Appends are written by one connection, one after the other; each reader has
/// its own connection and is never in their way. A reader gets all partitions of its topics: members of one group share its offsets,
/// not its partitions.
/// </summary>
public sealed class SqliteLog : ILog
{
    private readonly SqliteLogOptions options;
    private readonly FileStream processLock;
    private readonly PartitionTable table;
    private readonly LogWriter writer;
    private readonly LogQueries queries;
    private readonly Compactor compactor;
    private readonly SemaphoreSlim writing = new(1);
    private readonly SemaphoreSlim querying = new(1);
    private readonly CancellationTokenSource closing = new();
    private volatile TaskCompletionSource appended = NewSignal();

    /// <exception cref="Hub.Core.Ops.HubException">The file is in use, damaged, of another program or of a newer Hub.</exception>
    public SqliteLog(SqliteLogOptions options)
    {
        this.options = options;
        processLock = LogFile.Lock(options.Path);
        Database? database = null;
        try
        {
            database = LogFile.Open(options.Path, options.MaxFileBytes);
            table = PartitionTable.Read(database);
            writer = new(database, table);
            queries = new(options.Path, table);
            compactor = new(this, options, table);
        }
        catch
        {
            database?.Dispose();
            processLock.Dispose();
            throw;
        }
    }

    /// <summary>Completes with the next append, or when the log is closed.</summary>
    internal Task NextAppend
    {
        get
        {
            var next = appended.Task;
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
            return next;
        }
    }

    public bool IsShared => false;

    public async ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topic);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        await WriteAsync(write =>
        {
            if (table.Of(topic).Length == 0)
                write.AddTopic(topic, partitions);
        }, cancellationToken);
        return table.Of(topic).Length;
    }

    /// <summary>The lock on the file keeps every other process out, so there is nobody to wait for.</summary>
    public ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken) => new(new SourceLease(CancellationToken.None));

    public async ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(
        LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        Dictionary<TopicPartition, long>? ends = null;
        await WriteAsync(write =>
        {
            if (entries.Count > 0 || checkpoint is not null)
                write.Append(entries, checkpoint);
            ends = table.Ends();
            WakeReaders();
        }, cancellationToken);
        return ends!;
    }

    public ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
        => new(topics.Distinct(StringComparer.Ordinal).SelectMany(table.Of).ToDictionary(one => one.Place, one => one.End));

    public ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken)
        => QueryAsync(query => query.Checkpoint(source), cancellationToken);

    public ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken)
        => WriteAsync(write => write.DeleteCheckpoint(source), cancellationToken);

    public async ValueTask<ILogReader> OpenReaderAsync(
        string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
    {
        var partitions = topics.Distinct().SelectMany(PartitionsOf).ToArray();
        await WriteAsync(write => write.Join(group, partitions), cancellationToken);
        var committed = await QueryAsync(query => query.Offsets(group), cancellationToken);
        var offsets = partitions
            .Select(partition => start is not null && start.TryGetValue(partition.Place, out var given) ? given : committed[partition])
            .ToArray();
        return new SqliteLogReader(this, group, partitions, offsets, options.Path, options.Time);
    }

    public async ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken)
    {
        var offsets = await QueryAsync(query => query.Offsets(group), cancellationToken);
        return [.. offsets.Select(one => new PartitionLag(one.Key.Place, one.Value, one.Key.End))];
    }

    /// <summary>
    /// Drops entries that a later one of the same key supersedes, from one partition or from all that have enough of them, and gives
    /// the space back. Keeps each key's last entry and the one with its highest version, tombstones too. Offsets stay as they are.
    /// May be cancelled or killed at any time: what was done until then holds.
    /// </summary>
    public async ValueTask CompactAsync(TopicPartition? partition, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing.Token);
        await compactor.RunAsync(partition, stop.Token);
    }

    /// <summary>What each topic holds, from counts that every append keeps.</summary>
    public IReadOnlyList<TopicSize> ReadSizes()
        => [.. table.All.GroupBy(one => one.Place.Topic)
            .Select(topic => new TopicSize(topic.Key, topic.Sum(one => one.Extent.Entries), topic.Sum(one => one.Extent.Bytes)))];

    /// <summary>Waiting readers end with an <see cref="ObjectDisposedException"/>. The last append or compaction step is waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        if (closing.IsCancellationRequested)
            return;
        await closing.CancelAsync();
        await compactor.DisposeAsync();
        await writing.WaitAsync(CancellationToken.None);
        await querying.WaitAsync(CancellationToken.None);
        await Task.Run(() =>
        {
            queries.Dispose();
            writer.Dispose();
        });
        writing.Release();
        querying.Release();
        WakeReaders();
        await processLock.DisposeAsync();
    }

    internal Partition PartitionAt(TopicPartition place) => table[place];

    /// <summary>Lets one caller at a time write. Once begun, a write is not cancelled: it is done or it fails.</summary>
    internal async ValueTask WriteAsync(Action<LogWriter> work, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
            await Task.Run(() => work(writer), CancellationToken.None);
        }
        finally
        {
            writing.Release();
        }
    }

    private async ValueTask<T> QueryAsync<T>(Func<LogQueries, T> work, CancellationToken cancellationToken)
    {
        await querying.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
            return await Task.Run(() => work(queries), CancellationToken.None);
        }
        finally
        {
            querying.Release();
        }
    }

    private void WakeReaders() => Interlocked.Exchange(ref appended, NewSignal()).TrySetResult();

    private Partition[] PartitionsOf(string topic)
        => table.Of(topic) is { Length: > 0 } partitions ? partitions : throw new ArgumentException($"The log has no topic {topic}.");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
