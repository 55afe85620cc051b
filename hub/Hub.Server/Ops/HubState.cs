using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;

namespace Hub.Server.Ops;

/// <summary>How far one consumer group is behind.</summary>
public sealed record GroupLag(string Group, IReadOnlyList<PartitionProgress> Partitions);

/// <summary>How far a group is in one partition.</summary>
/// <param name="Searchable">The first offset whose effect cannot be seen yet.</param>
/// <param name="Committed">The first offset whose effect a crash would undo, to be read again.</param>
/// <param name="End">The offset that the next entry will get.</param>
public sealed record PartitionProgress(TopicPartition Partition, long Searchable, long Committed, long End);

/// <summary>What the running parts tell the API about themselves. Composition fills it before the first request.</summary>
public sealed class HubState
{
    /// <summary>The sources, as they are now; called for every answer, so it must be cheap.</summary>
    public Func<IReadOnlyList<SourceStatus>> Sources { get; set; } = () => [];

    public Func<CancellationToken, ValueTask<IReadOnlyList<GroupLag>>> Lags { get; set; } = _ => new([]);

    public Func<CancellationToken, ValueTask<IReadOnlyList<SubjectCount>>> Counts { get; set; } = _ => new([]);

    /// <summary>What an operator should know beyond the sources themselves.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<Finding>>> Findings { get; set; } = _ => new([]);

    /// <summary>Whether the source (the first word) still fills the subject (the second), so that its asOf holds for the records.</summary>
    public Func<string, string, bool> IsKept { get; set; } = (_, _) => true;

    /// <summary>The topics that the index is written from.</summary>
    public IReadOnlyCollection<string> Topics { get; set; } = [];

    /// <summary>Why Hub cannot serve yet; null when it can.</summary>
    public Func<Finding?> NotReady { get; set; } = () => null;

    /// <summary>Why Hub had to stop by itself; null when it did not.</summary>
    public HubException? Failure { get; set; }

    /// <summary>Per source, the moment as of which it is complete.</summary>
    public IReadOnlyDictionary<string, DateTime?> AsOf()
        => Sources().ToDictionary(status => status.Source, status => status.AsOf?.UtcDateTime, StringComparer.Ordinal);
}
