using System.ComponentModel;
using Hub.Core.Ops;

namespace Hub.Server.Ops;

[Description("Hub at one moment.")]
public sealed record StatusResponse(
    DateTime Now,
    IReadOnlyList<SourceView> Sources,
    [property: Description("Consumer groups of the log.")] IReadOnlyList<GroupView> Groups,
    [property: Description("What the index holds.")] IReadOnlyList<SubjectCountView> Index,
    [property: Description("Refused records that no newer record has superseded.")] long OpenDeadLetters,
    [property: Description("What an operator should know beyond the sources themselves, such as records that nothing keeps up to date any more.")] IReadOnlyList<Finding> Findings);

public sealed record SourceView(
    string Source,
    SourceState State,
    [property: Description("When the state began.")] DateTime Since,
    string? Position,
    [property: Description("Every change committed upstream before this moment is searchable; null until the first full read is complete.")] DateTime? AsOf,
    [property: Description("Set while the first full read runs.")] SnapshotView? Snapshot,
    [property: Description("When a failed source tries again.")] DateTime? NextAttempt,
    [property: Description("Why the source retries or stopped, or what it waits for.")] Finding? Problem,
    [property: Description("Records written to the log since Hub started.")] long Records,
    long DeadLetters,
    [property: Description("Columns that are new or gone upstream.")] IReadOnlyList<Finding> Drift)
{
    public static SourceView Of(SourceStatus status) => new(
        status.Source, status.State, status.Since.UtcDateTime, status.Position, status.AsOf?.UtcDateTime,
        status.Snapshot is { } read
            ? new(read.Relation, read.RowsRead, read.RowsExpected, Math.Round(read.RowsPerSecond), read.TimeLeft?.TotalSeconds)
            : null,
        status.NextAttempt?.UtcDateTime, status.Problem, status.Records, status.DeadLetters, status.Drift);
}

public sealed record SnapshotView(string Relation, long RowsRead, long RowsExpected, double RowsPerSecond, double? SecondsLeft);

public sealed record GroupView(
    string Group,
    [property: Description("Entries of the log that are not searchable yet, over all partitions.")] long Lag,
    [property: Description("Entries that the index does not hold durably yet; after a crash they are read from the log again.")] long NotDurable,
    IReadOnlyList<PartitionView> Partitions);

public sealed record PartitionView(
    string Topic,
    int Partition,
    [property: Description("The first offset that is not searchable yet.")] long Searchable,
    [property: Description("The first offset that the index does not hold durably yet.")] long Committed,
    long HighWatermark,
    long Lag);

public sealed record SubjectCountView(string Subject, long Documents, long DeleteMarkers);

[Description("Refused records.")]
public sealed record DeadLettersResponse(
    long Total,
    IReadOnlyList<Search.RecordView> DeadLetters,
    [property: Description("Give it as cursor for the next page; null on the last page.")] string? NextCursor);

public sealed record HealthResponse(string Status);
