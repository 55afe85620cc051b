using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Index.Elasticsearch;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Engine;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Engine;

/// <summary>An index on an engine that a test scripts.</summary>
public abstract class EngineTest : IAsyncLifetime
{
    private readonly List<ElasticsearchIndex> opened = [];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal ScriptedEngine Engine { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync() => Engine = await ScriptedEngine.StartAsync();

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var index in opened)
            await index.DisposeAsync();
        await Engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected ElasticsearchOptions Options => new() { Url = Engine.Address.ToString(), Prefix = "p-" };

    protected async Task<ElasticsearchIndex> OpenAsync(ElasticsearchOptions? options = null)
    {
        var index = new ElasticsearchIndex(options ?? Options, Catalog);
        opened.Add(index);
        await index.AttachAsync("log", Cancel);
        return index;
    }

    protected static async Task<List<WriteOutcome>> WriteAsync(IIndex index, params Entry[] entries)
    {
        var outcomes = new List<WriteOutcome>();
        // None may wait for ever; the limit is far beyond what any of them takes.
        await index.WriteAsync(Batch(entries), outcomes, Cancel).AsTask().WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, Cancel);
        return outcomes;
    }

    /// <summary>The write fails as a whole, so that the log keeps what it held.</summary>
    protected static async Task<Finding> FailAsync(IIndex index, bool isTransient, params Entry[] entries)
    {
        var failure = await Assert.ThrowsAsync<HubException>(() => WriteAsync(index, entries));
        Assert.Equal(isTransient, failure.IsTransient);
        var finding = Assert.Single(failure.Findings);
        Assert.False(string.IsNullOrEmpty(finding.Suggestion));
        return finding;
    }

    protected static Entry Put(string id, long version = 1) => Entry.Put($"s:{id}", version, ("useDescription", $"会议 {id}"));

    /// <summary>The ids that the engine holds.</summary>
    protected string[] Held => [.. Engine.Memory.Documents.Keys.Select(key => key.Id).Order(StringComparer.Ordinal)];
}
