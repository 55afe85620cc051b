using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Index.Elasticsearch;
using Hub.Log.Sqlite;
using Hub.Tests.Contracts;
using Hub.Tests.Core;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Engine;

/// <summary>A real log, and indices on a real engine that share a prefix, as those of several Hubs do.</summary>
public abstract class GenerationParts(EngineFixture engine) : IAsyncLifetime
{
    protected const string Group = "sink";
    protected const string IdField = """{ "name": "id", "type": "string", "hub.search": "text", "hub.title": true }""";
    protected const string NumberField = """{ "name": "number", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";

    private readonly ScratchFolder folder = new();
    private readonly List<ElasticsearchIndex> opened = [];
    private string address = "";

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected EngineFixture Engine => engine;

    protected string Prefix { get; } = EngineFixture.Prefix();

    protected SqliteLog Log { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        address = await engine.AddressAsync(Cancel);
        Log = new(new() { Path = folder.At("log.db") });
        await Log.EnsureTopicAsync(Payment, 2, Cancel);
        await Log.EnsureTopicAsync(SchemaKit.Subject, 2, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var index in opened)
            await index.DisposeAsync();
        if (Log is not null)
            await Log.DisposeAsync();
        await engine.ClearAsync(Prefix);
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected async Task<ElasticsearchIndex> OpenAsync(SchemaCatalog catalog, TimeProvider? time = null)
    {
        var index = Add(catalog, time ?? TimeProvider.System);
        await index.AttachAsync("log", Cancel);
        return index;
    }

    protected ElasticsearchIndex Add(SchemaCatalog catalog, TimeProvider time, string? prefix = null)
    {
        var index = new ElasticsearchIndex(new() { Url = address, Prefix = prefix ?? Prefix, Time = time }, catalog);
        opened.Add(index);
        return index;
    }

    /// <summary>Into the log, and from there into the index as a sink does it.</summary>
    protected async Task AppendAsync(ElasticsearchIndex index, params Entry[] entries)
    {
        await Log.AppendAsync(Batch(entries), null, Cancel);
        await using var reader = await Log.OpenReaderAsync(Group, [.. entries.Select(entry => entry.Subject).Distinct()], null, Cancel);
        var (batch, outcomes) = (new LogBatch(), new List<WriteOutcome>());
        for (var left = entries.Length; left > 0; left -= batch.Count)
        {
            await reader.ReadAsync(batch, 1024 * 1024, TimeSpan.FromSeconds(10), Cancel);
            await index.WriteAsync(batch, outcomes, Cancel);
        }

        await reader.CommitAsync(reader.NextOffsets, Cancel);
        await index.RefreshAsync(Cancel);
    }

    protected async Task RebuildAsync(ElasticsearchIndex index, string subject = Payment)
    {
        await index.BeginRebuildAsync(Log, Group, subject, Cancel);
        await index.RebuildAsync(Log, Group, subject, _ => { }, Cancel);
    }

    protected async Task RollBackAsync(ElasticsearchIndex index, string subject = Payment)
    {
        await index.BeginRollBackAsync(Log, Group, subject, Cancel);
        await index.RebuildAsync(Log, Group, subject, _ => { }, Cancel);
    }

    protected static async Task<string[]> IdsAsync(ElasticsearchIndex index, Filter filter)
    {
        await index.RefreshAsync(Cancel);
        return [.. (await index.SearchAsync(new() { Filters = [filter] }, Cancel)).Hits.Select(hit => hit.Document.Id)];
    }

    protected static Entry Thing(string id, int schemaId, string hex)
        => new(SchemaKit.Subject, id, 1, SchemaKit.Wire(schemaId, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))), Hub.Core.Records.Operation.Update);
}
