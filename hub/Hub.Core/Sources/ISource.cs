using Hub.Core.Ops;
using Hub.Core.Records;

namespace Hub.Core.Sources;

/// <summary>How far the first full read of a source is.</summary>
/// <param name="Relation">The relation being read.</param>
/// <param name="RowsRead">Rows read so far, over all relations, also before a restart.</param>
/// <param name="RowsExpected">The source's estimate for all relations.</param>
public sealed record SnapshotProgress(string Relation, long RowsRead, long RowsExpected);

/// <summary>What a source read in one step.</summary>
/// <param name="Envelopes">Valid until the next step.</param>
/// <param name="Position">Where to go on once all of this is durable.</param>
/// <param name="CompleteAsOf">Every change committed upstream before this moment is in this or an earlier batch; null when the batch does not tell.</param>
/// <param name="Snapshot">Set while the first full read runs.</param>
/// <param name="Waits">Set when the source only tells what it has to wait for: such a batch is empty and has no position.</param>
public sealed record SourceBatch(
    EnvelopeBatch Envelopes, SourcePosition Position, DateTimeOffset? CompleteAsOf = null, SnapshotProgress? Snapshot = null, Finding? Waits = null);

/// <summary>
/// Reads an outside system. A source whose configuration cannot work throws <see cref="HubException"/>, which stops it
/// unless it is marked transient; any other exception is taken as transient and the source is started again from its checkpoint.
/// </summary>
public interface ISource : IAsyncDisposable
{
    /// <summary>The first half of the ids of its documents; lower-case letters, digits and dashes.</summary>
    string Name { get; }

    /// <summary>
    /// Yields batches from <paramref name="position"/> on, or from the very start when null. A polled source ends when it
    /// has caught up; a streaming one does not end. One batch is in flight: the next step begins when the caller asks for it.
    /// May be called again after it ended or failed.
    /// </summary>
    IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, CancellationToken cancellationToken);

    /// <summary>Tells upstream that everything before <paramref name="position"/> is durable, so that it may discard its copy.</summary>
    ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken);
}
