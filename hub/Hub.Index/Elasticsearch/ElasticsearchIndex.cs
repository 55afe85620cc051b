using System.Runtime.CompilerServices;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// The index in Elasticsearch or OpenSearch. Any number of Hubs may share it: versions make the order of their writes meaningless, and what they must
/// know of each other is in the <see cref="EngineState"/>, which each looks at after every write.
/// </summary>
public sealed class ElasticsearchIndex : IIndex
{
    private readonly ElasticsearchOptions options;
    private readonly EngineClient client;
    private readonly IndexNames names;
    private readonly IndexMapping mapping;
    private readonly TextAnalysis analysis = new();
    private readonly StateStore store;
    private readonly Generations generations;
    private readonly DocumentWriter documents;
    private readonly EngineSearch search;

    /// <param name="options">Must name an address.</param>
    /// <param name="catalog">The subjects.</param>
    /// <param name="handler">Takes the place of the connections.</param>
    public ElasticsearchIndex(ElasticsearchOptions options, SchemaCatalog catalog, HttpMessageHandler? handler = null)
    {
        this.options = options;
        client = new(options, handler);
        names = new(options.Prefix);
        mapping = new(catalog);
        store = new(client, names);
        generations = new(client, names, mapping, options);
        documents = new(client, names, mapping, store, generations, options);
        search = new(client, names, mapping, analysis);
    }

    /// <summary>None: the consumer group's committed offsets count.</summary>
    public IReadOnlyDictionary<TopicPartition, long>? DurableOffsets => null;

    public string? Identity => store.State.Identity.Length > 0 ? store.State.Identity : null;

    /// <summary>What of the schemas the index cannot follow without being built again.</summary>
    public IReadOnlyList<Finding> Findings { get; private set; } = [];

    public async ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken)
    {
        await search.OpenAsync(cancellationToken);
        if (!await store.ReadAsync(cancellationToken))
            await store.CreateAsync(new() { Log = logIdentity, Identity = Guid.NewGuid().ToString("N")[..12] }, cancellationToken);
        if (store.State.Log != logIdentity)
            throw new HubException(new Finding(
                Codes.IndexDamaged, Severity.Error, $"{client.Address}", $"the indices {options.Prefix}* are filled from another log.",
                "Give this Hub another elasticsearch.prefix, or stop all Hubs, delete those indices and start again: Hub fills them from the log."));
        var findings = new List<Finding>();
        foreach (var subject in mapping.Catalog.Subjects)
            findings.AddRange(await OpenAsync(subject, cancellationToken));
        Findings = findings;
    }

    public async ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
        => await documents.WriteAsync(entries, outcomes, cancellationToken);

    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
        => await client.AskAsync(HttpMethod.Post, $"{names.All}/_refresh?ignore_unavailable=true", null, cancellationToken);

    /// <summary>The engine has made durable what it said it took.</summary>
    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken) => default;

    public async ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => await search.SearchAsync(query, cancellationToken);

    public async ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken) => await search.GetAsync(subject, id, cancellationToken);

    public async ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken) => await search.CountAsync(cancellationToken);

    public async IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var document in search.ScanAsync(subject, afterId, cancellationToken))
            yield return document;
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        analysis.Dispose();
        return default;
    }

    private async Task<IEnumerable<Finding>> OpenAsync(SubjectSchema subject, CancellationToken cancellationToken)
    {
        await generations.PutTemplateAsync(subject, cancellationToken);
        if (!store.State.Subjects.ContainsKey(subject.Subject))
        {
            await generations.CreateAsync(subject, 1, cancellationToken);
            await generations.ShowAsync(subject.Subject, 1, null, cancellationToken);
            await store.ChangeAsync(state => state.Subjects.TryAdd(subject.Subject, new(1)), cancellationToken);
        }

        // Also where it was made just now: somebody else may have made it before, otherwise.
        return (await generations.ReadAsync(subject, store.State.Subjects[subject.Subject].Live, mayAdd: true, cancellationToken)).Findings(subject.Subject);
    }
}
