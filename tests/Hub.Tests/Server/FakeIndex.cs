using System.Runtime.CompilerServices;
using System.Text;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Core.Sources;

namespace Hub.Tests.Server;

/// <summary>An index at the edge of the server: holds what a test put in, matches exact values only, remembers the last query.</summary>
internal sealed class FakeIndex(SchemaCatalog catalog) : IIndex
{
    private readonly List<StoredDocument> documents = [];

    public SearchQuery? LastQuery { get; private set; }

    /// <summary>Added to the answers of searches.</summary>
    public IReadOnlyList<Facet> Facets { get; set; } = [];

    public Dictionary<string, IReadOnlyList<string>> Highlights { get; } = [];

    /// <summary>Thrown by the next search.</summary>
    public Exception? Failure { get; set; }

    public IReadOnlyDictionary<TopicPartition, long>? DurableOffsets => null;

    public void Put(string subject, string id, params (string Name, object Value)[] values)
        => documents.Add(new(subject, id, 7, TestSchemas.Record(catalog.Find(subject)!, values)));

    public ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }

        LastQuery = query;
        var found = documents.Where(document => query.Subjects.Contains(document.Subject) && query.Filters.OfType<TermFilter>().All(filter => Matches(document, filter))).ToList();
        return new(new SearchResult(
            found.Count, [.. found.Take(query.Size).Select(document => new SearchHit(document, 1.5f, Highlights) { Explanation = query.Explain ? new([new("工程", "title", 1.5)], ["1.5 = sum of:"]) : null })], Facets, found.Count > query.Size ? "next" : null)
            {
                Explanation = query.Explain ? new([$"{query.Text}: must occur"], "asked") : null,
            });
    }

    public ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken)
        => new(documents.Find(document => document.Subject == subject && document.Id == id));

    public ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken)
        => new([.. documents.GroupBy(document => document.Subject).Select(group => new SubjectCount(group.Key, group.Count(), 0))]);

    public ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken) => default;

    public ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask RefreshAsync(CancellationToken cancellationToken) => default;

    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken) => default;

    public async IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield break;
    }

    public ValueTask DisposeAsync() => default;

    private bool Matches(StoredDocument document, TermFilter filter)
    {
        if (filter.Field == "source")
            return filter.Values.Contains(document.Id[..document.Id.IndexOf(':')]);
        var reader = catalog.Read(document.Value.Span);
        while (reader.MoveNext())
            if (reader.Field.Name == filter.Field && !reader.IsNull && reader.Field.Type == FieldType.String)
                return filter.Values.Contains(Encoding.UTF8.GetString(reader.GetUtf8()));
        return false;
    }
}

/// <summary>A log at the edge of the server, with one partition that is three entries ahead.</summary>
internal sealed class FakeLog : ILog
{
    public ValueTask<IReadOnlyList<PartitionLag>> ReadLagAsync(string group, CancellationToken cancellationToken)
        => new([new PartitionLag(new TopicPartition("finance.paymentDetail", 0), 7, 10)]);

    public bool IsShared => false;

    public ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<StoredCheckpoint?> ReadCheckpointAsync(string source, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DeleteCheckpointAsync(string source, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ILogReader> OpenReaderAsync(string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
        => throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;
}
