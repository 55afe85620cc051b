using Hub.Core.Log;

namespace Hub.Core.Index;

/// <summary>What became of one write.</summary>
public abstract record WriteOutcome
{
    public static readonly WriteOutcome Applied = new AppliedOutcome();
    public static readonly WriteOutcome Stale = new StaleOutcome();

    private sealed record AppliedOutcome : WriteOutcome;

    /// <summary>The index holds a newer version of the document.</summary>
    private sealed record StaleOutcome : WriteOutcome;

    /// <summary>The index cannot hold this document, and would not on another try.</summary>
    public sealed record Rejected(string Reason) : WriteOutcome;
}

/// <summary>A document as the index keeps it.</summary>
/// <param name="Id">Document id <c>{source}:{key}</c>.</param>
/// <param name="Value">Wire format: the bytes that came through the log.</param>
public sealed record StoredDocument(string Subject, string Id, long Version, ReadOnlyMemory<byte> Value);

/// <summary>What the index holds of one subject.</summary>
public sealed record SubjectCount(string Subject, long Documents, long DeleteMarkers);

/// <summary>
/// Searchable documents, one per document id and subject. A write whose version is lower than the version held loses
/// (<see cref="WriteOutcome.Stale"/>), also against a delete; the same version may be written again.
/// </summary>
public interface IIndex : IAsyncDisposable
{
    /// <summary>
    /// The log offsets up to which documents are durably in the index, kept in the same commit as the documents.
    /// Null for an index that does not keep them: then the consumer group's committed offsets count.
    /// </summary>
    IReadOnlyDictionary<TopicPartition, long>? DurableOffsets { get; }

    /// <summary>
    /// Set by <see cref="AttachAsync"/> on an index that keeps no offsets: another for each index that was ever made, so that a consumer group
    /// named after it reads everything when the index is new. Null otherwise.
    /// </summary>
    string? Identity => null;

    /// <summary>Says which log the index is written from, before anything is written.</summary>
    /// <exception cref="Ops.HubException">It keeps offsets of another log: they would skip what this one has there.</exception>
    ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken);

    /// <summary>
    /// Applies the entries in order: a value is an upsert, a null value a delete that leaves a marker with its version, and
    /// <see cref="Records.Operation.Truncate"/> makes all documents of the subject and source with a lower version deleted,
    /// also those that arrive later. Clears <paramref name="outcomes"/> and adds one outcome per entry, in order.
    /// </summary>
    ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken);

    /// <summary>Makes what was written searchable.</summary>
    ValueTask RefreshAsync(CancellationToken cancellationToken);

    /// <summary>Makes what was written durable together with the offsets of the next entries.</summary>
    ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken);

    ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken);

    /// <summary>The document, as last made searchable; null when there is none or it was deleted.</summary>
    ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken);

    /// <summary>Walks the subject's live documents in order of id from after <paramref name="afterId"/>, for comparing with the source.</summary>
    IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, CancellationToken cancellationToken);
}
