using System.Runtime.CompilerServices;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;
using Lucene.Net.Search;

namespace Hub.Index.Lucene;

/// <summary>
/// All subjects in one Lucene folder. Documents and log offsets are in the same commit: after a crash both are those of the last commit.
/// Writing, refreshing and committing take turns; searches go on beside them.
/// </summary>
public sealed class LuceneIndex : IIndex
{
    private readonly Lock writing = new();
    private readonly string path;
    private readonly OpenFolder folder;
    private readonly IndexMapping mapping;
    private readonly TextAnalysis analysis = new();
    private readonly SearcherManager manager;
    private readonly HeldVersions versions;
    private readonly DocumentWriter documents;
    private readonly LuceneSearch search;

    /// <exception cref="Hub.Core.Ops.HubException">The folder is damaged, foreign, built for other schemas, or open elsewhere.</exception>
    public LuceneIndex(LuceneIndexOptions options, SchemaCatalog catalog)
    {
        path = options.Folder;
        mapping = new IndexMapping(catalog);
        folder = OpenFolder.Open(options, mapping, analysis.Analyzer);
        manager = folder.Manager;
        versions = new HeldVersions(manager, options.MaxPendingVersions);
        documents = new DocumentWriter(folder.Writer, mapping, analysis, versions, folder.Record);
        search = new LuceneSearch(mapping, analysis, manager);
    }

    public IReadOnlyDictionary<TopicPartition, long> DurableOffsets => folder.Record.Offsets;

    public ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken)
    {
        folder.Record.Attach(logIdentity, path);
        return default;
    }

    public ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
        => new(Task.Run(() => Write(entries, outcomes, cancellationToken), cancellationToken));

    public ValueTask RefreshAsync(CancellationToken cancellationToken)
        => new(Task.Run(Refresh, cancellationToken));

    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken)
        => new(Task.Run(() => Commit(offsets), cancellationToken));

    public ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
        => new(Task.Run(() => search.Search(query, cancellationToken), cancellationToken));

    public ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken)
        => new(Task.Run(() => search.Get(subject, id), cancellationToken));

    public ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken)
        => new(Task.Run(search.Count, cancellationToken));

    public async IAsyncEnumerable<StoredDocument> ScanAsync(
        string subject, string? afterId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var document in search.Scan(subject, afterId))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return document;
        }
    }

    /// <summary>
    /// Forgets delete markers with a lower version. Only for versions that no write can fall below any more: a later, older write would
    /// bring the document back.
    /// </summary>
    public ValueTask PurgeDeleteMarkersAsync(long belowVersion, CancellationToken cancellationToken)
        => new(Task.Run(() => Purge(belowVersion), cancellationToken));

    /// <summary>Leaves behind what was not committed.</summary>
    public async ValueTask DisposeAsync() => await Task.Run(Close);

    private void Write(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
    {
        lock (writing)
        {
            outcomes.Clear();
            for (var i = 0; i < entries.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (versions.IsFull)
                    Refresh();
                outcomes.Add(documents.Write(entries, entries[i]));
            }
        }
    }

    private void Refresh()
    {
        lock (writing)
        {
            manager.MaybeRefreshBlocking();
            versions.Forget();
        }
    }

    private void Commit(IReadOnlyDictionary<TopicPartition, long> offsets)
    {
        lock (writing)
            folder.Commit(mapping, offsets);
    }

    private void Purge(long belowVersion)
    {
        lock (writing)
        {
            folder.Writer.DeleteDocuments(new BooleanQuery
            {
                { new TermQuery(new Term(FieldNames.Deleted, FieldNames.AnyMarker)), Occur.MUST },
                { new ConstantScoreQuery(FieldCacheRangeFilter.NewInt64Range(FieldNames.Version, null, belowVersion, true, false)), Occur.MUST },
            });
            Refresh();
        }
    }

    private void Close()
    {
        lock (writing)
        {
            versions.Dispose();
            folder.Dispose();
            analysis.Dispose();
        }
    }
}
