using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas.Registry;
using Microsoft.Extensions.Logging;

namespace Hub.Core.Sinks;

/// <summary>How an <see cref="IndexSink"/> paces itself.</summary>
public sealed record IndexSinkOptions
{
    /// <summary>Name of the consumer group.</summary>
    public string Group { get; init; } = "index";

    public int MaxBatchBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Partitions of a topic that does not exist yet.</summary>
    public int Partitions { get; init; } = 4;

    /// <summary>
    /// How long a write may stay unsearchable: that long after the first write since the last refresh, the index is refreshed. On Lucene a new view of the index is
    /// opened, on an engine <c>_refresh</c> is asked of it. Without writes nothing is refreshed.
    /// </summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The same while a backlog is being worked off, when every refresh costs and none shows the newest change.</summary>
    public TimeSpan BacklogRefreshInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the places of the group's other members are looked at.</summary>
    public TimeSpan GroupInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a write may stay in memory only; what a crash loses of the index is read from the log again.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The loop from the log to the index: read, write, refresh, and commit once the index has it durably.</summary>
/// <param name="writerSchemas">Fetches the schemas of foreign writers; null where there are none.</param>
public sealed partial class IndexSink(
    ILog log, IIndex index, DeadLetterBook deadLetters, Freshness freshness, IndexSinkOptions options, TimeProvider time, ILogger<IndexSink> logger,
    WriterSchemas? writerSchemas = null)
{
    private readonly LogBatch batch = new();
    private readonly LogBatch letters = new();
    private readonly List<WriteOutcome> outcomes = [];
    private Dictionary<TopicPartition, long> written = [];
    private Dictionary<TopicPartition, long> ofGroup = [];
    private long refreshDue = long.MaxValue;
    private long commitDue = long.MaxValue;
    private long groupDue = long.MaxValue;

    /// <summary>The consumer group: that of the options, and one of its own for an index that keeps no offsets, so that a new one is filled from the beginning.</summary>
    public string Group => index.Identity is { } identity ? $"{options.Group}-{identity}" : options.Group;

    /// <summary>Runs until cancelled; a failure of the log or the index ends it with that exception.</summary>
    public async Task RunAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        var start = await StartAsync(topics, cancellationToken);
        await using var reader = await log.OpenReaderAsync(Group, topics, start, cancellationToken);
        (written, ofGroup) = (new(reader.NextOffsets), []);
        // An index without offsets of its own is shared: other members write the partitions that this one does not read.
        groupDue = log.IsShared && index.DurableOffsets is null ? time.GetTimestamp() : long.MaxValue;
        freshness.Searchable(written);
        try
        {
            while (true)
            {
                await reader.ReadAsync(batch, options.MaxBatchBytes, UntilDue(), cancellationToken);
                if (batch.Count > 0 || HasMoved(reader.NextOffsets))
                    await WriteAsync(reader, cancellationToken);
                if (time.GetTimestamp() >= refreshDue)
                    await RefreshAsync(cancellationToken);
                if (time.GetTimestamp() >= commitDue)
                    await CommitAsync(reader, cancellationToken);
                if (time.GetTimestamp() >= groupDue)
                    await LookAtGroupAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && commitDue != long.MaxValue)
        {
            await CommitAsync(reader, CancellationToken.None);
            throw;
        }
    }

    /// <summary>An index that keeps its offsets itself decides alone where reading starts: an empty one is built anew, whatever the group had read.</summary>
    private async ValueTask<Dictionary<TopicPartition, long>?> StartAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        await index.AttachAsync(await LogIdentity.ReadAsync(log, cancellationToken), cancellationToken);
        var start = new Dictionary<TopicPartition, long>();
        foreach (var topic in topics)
        {
            var count = await log.EnsureTopicAsync(topic, options.Partitions, cancellationToken);
            for (var partition = 0; partition < count; partition++)
                start[new(topic, partition)] = index.DurableOffsets?.GetValueOrDefault(new TopicPartition(topic, partition)) ?? 0;
        }

        return index.DurableOffsets is null ? null : start;
    }

    private bool HasMoved(IReadOnlyDictionary<TopicPartition, long> next)
    {
        foreach (var (place, offset) in next)
            if (written.GetValueOrDefault(place) != offset)
                return true;
        return false;
    }

    private async ValueTask WriteAsync(ILogReader reader, CancellationToken cancellationToken)
    {
        if (writerSchemas is not null)
            await writerSchemas.EnsureAsync(batch, cancellationToken);
        await index.WriteAsync(batch, outcomes, cancellationToken);
        await WriteDeadLettersAsync(cancellationToken);
        written = new(reader.NextOffsets);
        // A batch that is about full means that more is waiting.
        var interval = batch.SizeInBytes > options.MaxBatchBytes / 2 ? options.BacklogRefreshInterval : options.RefreshInterval;
        refreshDue = Math.Min(refreshDue, After(interval));
        // A shared index has at once durably what it took, and the other members hear of it by the group's places alone.
        commitDue = Math.Min(commitDue, After(groupDue == long.MaxValue || options.CommitInterval < options.GroupInterval ? options.CommitInterval : options.GroupInterval));
    }

    private async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        await index.RefreshAsync(cancellationToken);
        freshness.Searchable(Searchable());
        refreshDue = long.MaxValue;
    }

    /// <summary>What the others have committed is in the index, and made searchable by whoever refreshes it next.</summary>
    private async ValueTask LookAtGroupAsync(CancellationToken cancellationToken)
    {
        ofGroup = (await log.ReadLagAsync(Group, cancellationToken)).ToDictionary(lag => lag.Partition, lag => lag.Committed);
        await index.RefreshAsync(cancellationToken);
        freshness.Searchable(Searchable());
        (refreshDue, groupDue) = (long.MaxValue, After(options.GroupInterval));
    }

    /// <summary>After a refresh: what this member has written, and what the group had committed. A partition that went to another member is as far as either says.</summary>
    private Dictionary<TopicPartition, long> Searchable()
    {
        var searchable = new Dictionary<TopicPartition, long>(ofGroup);
        foreach (var (place, offset) in written)
            searchable[place] = Math.Max(offset, searchable.GetValueOrDefault(place));
        return searchable;
    }

    private async ValueTask CommitAsync(ILogReader reader, CancellationToken cancellationToken)
    {
        await index.CommitAsync(written, cancellationToken);
        // The group's place may only pass what the index holds durably; otherwise a crash here would skip entries.
        await reader.CommitAsync(written, cancellationToken);
        commitDue = long.MaxValue;
    }

    private async ValueTask WriteDeadLettersAsync(CancellationToken cancellationToken)
    {
        letters.Clear();
        for (var i = 0; i < outcomes.Count; i++)
        {
            var isDeadLetter = batch[i].Place.Topic == DeadLetterBook.Topic;
            if (outcomes[i] is WriteOutcome.Rejected { Reason: var reason })
            {
                LogRejected(batch[i].Source, batch[i].Place.Topic, batch[i].Offset, reason);
                if (!isDeadLetter)
                    deadLetters.AddRejected(letters, batch, i, reason);
            }
            else if (!isDeadLetter)
            {
                // A newer record may have been in the log already when the index refused an older one; it is met again only here.
                deadLetters.SupersedeRejected(letters, batch, i);
            }
        }

        // The dead letter is durable before the group's place passes the rejected record.
        if (letters.Count > 0)
            await log.AppendAsync(letters, null, cancellationToken);
    }

    private long After(TimeSpan span) => time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);

    private TimeSpan UntilDue()
    {
        var due = Math.Min(Math.Min(refreshDue, commitDue), groupDue);
        if (due == long.MaxValue)
            return Timeout.InfiniteTimeSpan;
        var left = time.GetElapsedTime(time.GetTimestamp(), due);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "The index refused a record of {Source} at {Topic} offset {Offset}: {Reason}")]
    private partial void LogRejected(string source, string topic, long offset, string reason);
}
