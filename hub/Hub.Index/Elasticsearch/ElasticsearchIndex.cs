using System.Runtime.CompilerServices;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Elasticsearch;

/// <summary>Which generations of a subject there are: the one that is searched, one that is being built, and one that is kept.</summary>
public sealed record GenerationNumbers(string Subject, int Live, int? Building, int? Kept);

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

    /// <summary>Also what is being built: it must not be less fresh in the moment when it is swapped in.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        string[] indices = [names.All, .. store.State.Subjects.Where(one => one.Value.Building is not null).Select(one => names.GenerationOf(one.Key, one.Value.Building!.Value))];
        await client.AskAsync(HttpMethod.Post, $"{string.Join(',', indices)}/_refresh?ignore_unavailable=true", null, cancellationToken);
    }

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

    /// <exception cref="HubException">There is no such subject.</exception>
    public void CheckSubject(string subject) => FieldResolver.CheckSubject(mapping.Catalog, subject);

    /// <summary>Which generations each subject has.</summary>
    public async Task<IReadOnlyList<GenerationNumbers>> ReadGenerationsAsync(CancellationToken cancellationToken)
    {
        var current = new StateStore(client, names);
        return !await current.ReadAsync(cancellationToken) ? []
            : [.. current.State.Subjects.Select(one => new GenerationNumbers(one.Key, one.Value.Live, one.Value.Building, one.Value.Kept)).OrderBy(one => one.Subject, StringComparer.Ordinal)];
    }

    /// <summary>Begins a new generation of the subject, or finds the one that was begun. It is durable when this returns, and filled by <see cref="RebuildAsync"/>.</summary>
    /// <exception cref="HubException"><see cref="Codes.IndexGenerations"/>: an earlier one is still kept.</exception>
    public async Task BeginRebuildAsync(ILog log, string sinkGroup, string subject, CancellationToken cancellationToken)
        => await (await RebuildOfAsync(log, sinkGroup, subject, cancellationToken)).BeginAsync(cancellationToken);

    /// <summary>The same with the generation that is kept: it is brought up to the present by <see cref="RebuildAsync"/>.</summary>
    public async Task BeginRollBackAsync(ILog log, string sinkGroup, string subject, CancellationToken cancellationToken)
        => await (await RebuildOfAsync(log, sinkGroup, subject, cancellationToken)).TakeKeptAsync(cancellationToken);

    /// <summary>Fills the generation that was begun from the log, compares it with the live one, and returns when it is live itself.</summary>
    /// <param name="sinkGroup">The consumer group that writes the index.</param>
    /// <exception cref="HubException"><see cref="Codes.IndexGenerations"/>: it differs from the live one.</exception>
    public async Task RebuildAsync(ILog log, string sinkGroup, string subject, Action<RebuildProgress> report, CancellationToken cancellationToken)
    {
        var rebuild = await RebuildOfAsync(log, sinkGroup, subject, cancellationToken);
        // The new generation may fit the schemas where the old one did not.
        Findings = await generations.FindUnlikeAsync(await rebuild.RunAsync(report, cancellationToken), cancellationToken);
    }

    /// <summary>Gives up the generation that is being built.</summary>
    public async Task CancelRebuildAsync(ILog log, string sinkGroup, string subject, CancellationToken cancellationToken)
        => await (await RebuildOfAsync(log, sinkGroup, subject, cancellationToken)).CancelAsync(cancellationToken);

    /// <summary>Deletes the generation that is kept.</summary>
    public async Task DropKeptAsync(ILog log, string sinkGroup, string subject, CancellationToken cancellationToken)
        => await (await RebuildOfAsync(log, sinkGroup, subject, cancellationToken)).DropKeptAsync(cancellationToken);

    /// <summary>
    /// Forgets delete markers that are older. A write that is older still would bring its document back: none comes from a source that goes on,
    /// only from one that is read again with an old position.
    /// </summary>
    /// <returns>How many.</returns>
    public async Task<long> PurgeDeleteMarkersAsync(TimeSpan olderThan, CancellationToken cancellationToken)
    {
        var (count, before) = (0L, options.Time.GetUtcNow() - olderThan);
        // By name: what begins with the prefix may be another Hub's, with a longer one.
        foreach (var one in await ReadGenerationsAsync(cancellationToken))
            foreach (var number in new[] { one.Live, one.Building, one.Kept }.OfType<int>())
                count += await generations.PurgeAsync(one.Subject, number, before, cancellationToken);
        return count;
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        analysis.Dispose();
        return default;
    }

    private async Task<Rebuild> RebuildOfAsync(ILog log, string sinkGroup, string subject, CancellationToken cancellationToken)
    {
        CheckSubject(subject);
        var current = new StateStore(client, names);
        if (!await current.ReadAsync(cancellationToken) || !current.State.Subjects.ContainsKey(subject))
            throw new HubException(new Finding(Codes.IndexGenerations, Severity.Error, subject, $"there is no index of {subject} yet.", "Wait until Hub has made it."));
        var writer = new DocumentWriter(client, names, mapping, current, generations, options);
        return new(log, mapping.Catalog.Find(subject)!, sinkGroup, current, generations, new(client, names, search), writer, options);
    }

    private async Task<IEnumerable<Finding>> OpenAsync(SubjectSchema subject, CancellationToken cancellationToken)
    {
        await generations.PutTemplateAsync(subject, cancellationToken);
        if (!store.State.Subjects.ContainsKey(subject.Subject))
        {
            await generations.CreateAsync(subject, 1, cancellationToken);
            await generations.ShowAsync(subject.Subject, 1, cancellationToken);
            await store.ChangeAsync(state => state.Subjects.TryAdd(subject.Subject, new(1)), cancellationToken);
        }

        if (store.State.Subjects[subject.Subject].Building is { } building)
            await AddFieldsAsync(subject, building, cancellationToken);
        // Also where it was made just now: somebody else may have made it before, otherwise.
        return (await generations.ReadAsync(subject, store.State.Subjects[subject.Subject].Live, mayAdd: true, cancellationToken)).Findings(subject.Subject);
    }

    private async Task AddFieldsAsync(SubjectSchema subject, int building, CancellationToken cancellationToken)
    {
        try
        {
            await generations.ReadAsync(subject, building, mayAdd: true, cancellationToken);
        }
        catch (HubException failure) when (failure.Findings[0].Code == Codes.EngineIndexMissing)
        {
            // Given up in this moment; where somebody deleted it, the next write says so.
        }
    }
}
