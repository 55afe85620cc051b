using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

/// <summary>What every index promises. A provider's class says how to open one.</summary>
public abstract partial class IndexContract : IAsyncLifetime
{
    protected IIndex Index { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract IIndex Open(SchemaCatalog catalog);

    /// <summary>Called when an index was opened.</summary>
    protected virtual ValueTask OpenedAsync() => default;

    public virtual async ValueTask InitializeAsync()
    {
        Index = Open(Catalog);
        await OpenedAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Index.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task<List<WriteOutcome>> WriteAsync(params Entry[] entries)
    {
        var outcomes = new List<WriteOutcome>();
        await Index.WriteAsync(Batch(entries), outcomes, Token);
        await Index.RefreshAsync(Token);
        return outcomes;
    }

    protected async Task<string[]> IdsAsync(SearchQuery query)
    {
        var result = await Index.SearchAsync(query, Token);
        return [.. result.Hits.Select(hit => hit.Document.Id)];
    }

    protected Task<string[]> IdsAsync(params Filter[] filters) => IdsAsync(new SearchQuery { Filters = filters });

    protected Task<string[]> FindAsync(string text) => IdsAsync(new SearchQuery { Text = text });

    protected async Task<Finding> RefusedAsync(SearchQuery query)
    {
        var failure = await Assert.ThrowsAsync<HubException>(async () => await Index.SearchAsync(query, Token));
        var finding = Assert.Single(failure.Findings);
        Assert.False(string.IsNullOrEmpty(finding.Suggestion));
        return finding;
    }

    protected async Task<List<StoredDocument>> ScanAsync(string? after = null)
    {
        var documents = new List<StoredDocument>();
        await foreach (var document in Index.ScanAsync(Payment, after, Token))
            documents.Add(document);
        return documents;
    }

    protected static IReadOnlyDictionary<TopicPartition, long> Offsets(long offset)
        => new Dictionary<TopicPartition, long> { [new(Payment, 0)] = offset };
}
