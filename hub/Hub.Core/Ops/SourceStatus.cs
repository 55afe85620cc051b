namespace Hub.Core.Ops;

/// <summary>What a source is doing.</summary>
public enum SourceState
{
    Starting,

    /// <summary>The first full read runs.</summary>
    Snapshot,

    /// <summary>Follows upstream's changes.</summary>
    Streaming,

    /// <summary>Another Hub on the same log reads it; this one takes over when that one is gone.</summary>
    Standby,

    /// <summary>Failed for a reason that may pass; <see cref="SourceStatus.NextAttempt"/> tells when it tries again.</summary>
    Retrying,

    /// <summary>Failed for a reason that an operator must mend, or was stopped.</summary>
    Stopped,
}

/// <summary>How far the first full read is.</summary>
/// <param name="TimeLeft">By the rate of this run; null until there is one.</param>
public sealed record SnapshotStatus(string Relation, long RowsRead, long RowsExpected, double RowsPerSecond, TimeSpan? TimeLeft);

/// <summary>One source at one moment, for the API, the command line and the page.</summary>
/// <param name="Since">When the state began.</param>
/// <param name="AsOf">All changes committed upstream before it are searchable; null until the first full read is searchable.</param>
/// <param name="Problem">Why the source retries or stopped, or what it waits for.</param>
/// <param name="Records">Entries written to the log since Hub started.</param>
/// <param name="DeadLetters">Refused records that no newer record has superseded.</param>
/// <param name="Drift">Columns that are new or gone upstream.</param>
public sealed record SourceStatus(
    string Source, SourceState State, DateTimeOffset Since, string? Position, DateTimeOffset? AsOf, SnapshotStatus? Snapshot,
    DateTimeOffset? NextAttempt, Finding? Problem, long Records, long DeadLetters, IReadOnlyList<Finding> Drift);
