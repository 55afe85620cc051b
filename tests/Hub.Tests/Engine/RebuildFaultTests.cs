using System.Text.Json.Nodes;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Elasticsearch;
using Hub.Log.Sqlite;
using Hub.Tests.Contracts;
using Hub.Tests.Core;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Engine;

/// <summary>What happens to a generation between two steps of a rebuild: nothing that is deleted comes back, and nothing that is there is missed by a search.</summary>
[Trait("needs", "engine")]
public sealed class RebuildFaultTests(EngineFixture engine) : IAsyncLifetime
{
    private const string Group = "sink";
    private const string IdField = """{ "name": "id", "type": "string", "hub.search": "text", "hub.title": true }""";
    private const string NumberField = """{ "name": "number", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";

    private readonly string prefix = EngineFixture.Prefix();
    private readonly ScratchFolder folder = new();
    private readonly List<ElasticsearchIndex> opened = [];
    private string address = "";
    private SqliteLog log = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        address = await engine.AddressAsync(Cancel);
        log = new(new() { Path = folder.At("log.db") });
        await log.EnsureTopicAsync(Payment, 2, Cancel);
        await log.EnsureTopicAsync(SchemaKit.Subject, 2, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var index in opened)
            await index.DisposeAsync();
        if (log is not null)
            await log.DisposeAsync();
        await engine.ClearAsync(prefix);
        folder.Dispose();
    }

    [Fact]
    public async Task What_is_truncated_while_a_generation_is_kept_does_not_come_back_with_it()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1), Entry.Put("finance:2", 9));
        await RebuildAsync(index, Payment);
        await AppendAsync(index, Entry.Truncate("finance", 5));
        await RollBackAsync(index, Payment);
        Assert.Equal(["finance:2"], await IdsAsync(index, new TermFilter("source", ["finance"])));
    }

    [Fact]
    public async Task A_document_that_was_deleted_does_not_come_back_with_a_generation_that_has_not_heard_of_it()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1), Entry.Put("finance:2", 1));
        await RebuildAsync(index, Payment);
        await AppendAsync(index, Entry.Put("finance:3", 1));
        // The log has forgotten that it was deleted.
        await index.WriteAsync(Batch(Entry.Delete("finance:1", 2)), [], Cancel);
        var failure = await Assert.ThrowsAsync<HubException>(() => RollBackAsync(index, Payment));
        Assert.Equal(Codes.IndexGenerations, failure.Findings[0].Code);
        Assert.Contains("finance:1", failure.Findings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rebuild_that_is_given_up_when_it_is_searched_already_leaves_the_live_one_to_be_searched()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1));
        await index.BeginRebuildAsync(log, Group, Payment, Cancel);
        // As a kill leaves it between the two steps of the swap.
        await engine.AskAsync(HttpMethod.Post, "_aliases", JsonNode.Parse($$"""
            { "actions": [
              { "remove": { "index": "{{prefix}}{{Payment}}-1", "alias": "{{prefix}}{{Payment}}" } }, { "remove": { "index": "{{prefix}}{{Payment}}-1", "alias": "{{prefix}}all" } },
              { "add": { "index": "{{prefix}}{{Payment}}-2", "alias": "{{prefix}}{{Payment}}" } }, { "add": { "index": "{{prefix}}{{Payment}}-2", "alias": "{{prefix}}all" } }] }
            """), Cancel);
        await index.CancelRebuildAsync(log, Group, Payment, Cancel);
        Assert.Equal(["finance:1"], await IdsAsync(index, new TermFilter("source", ["finance"])));
        Assert.NotNull(await index.GetAsync(Payment, "finance:1", Cancel));
    }

    [Fact]
    public async Task A_field_that_came_while_a_generation_was_kept_is_found_after_it_was_gone_back_to()
    {
        var first = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField)));
        await AppendAsync(first, Thing("things:1", 1, "06 E9A284"));
        await RebuildAsync(first, SchemaKit.Subject);
        var later = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField), SchemaKit.Record(IdField, NumberField)));
        await AppendAsync(later, Thing("things:2", 2, "06 E9A284 02 02 39"));
        await RollBackAsync(later, SchemaKit.Subject);
        await AppendAsync(later, Thing("things:3", 2, "06 E9A284 02 02 39"));
        Assert.Equal(["things:2", "things:3"], await IdsAsync(later, new TermFilter("number", ["9"])));
    }

    [Fact]
    public async Task A_field_that_came_while_a_generation_was_being_built_is_found_in_it()
    {
        var first = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField)));
        await AppendAsync(first, Thing("things:1", 1, "06 E9A284"));
        await first.BeginRebuildAsync(log, Group, SchemaKit.Subject, Cancel);
        var later = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField), SchemaKit.Record(IdField, NumberField)));
        await AppendAsync(later, Thing("things:2", 2, "06 E9A284 02 02 39"));
        await later.RebuildAsync(log, Group, SchemaKit.Subject, _ => { }, Cancel);
        await AppendAsync(later, Thing("things:3", 2, "06 E9A284 02 02 39"));
        Assert.Equal(["things:2", "things:3"], await IdsAsync(later, new TermFilter("number", ["9"])));
    }

    [Fact]
    public async Task Documents_that_the_live_generation_has_lost_are_not_waited_for()
    {
        // Whoever waits on this clock waits for ever.
        var index = await OpenAsync(Catalog, new FakeTimeProvider());
        await AppendAsync(index, [.. Enumerable.Range(1, 50).Select(i => Entry.Put($"finance:{i}", 1))]);
        await engine.AskAsync(HttpMethod.Post, $"{prefix}{Payment}-1/_delete_by_query?refresh=true", JsonNode.Parse("""{ "query": { "match_all": {} } }"""), Cancel);
        await RebuildAsync(index, Payment).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal(50, (await index.SearchAsync(new(), Cancel)).Total);
    }

    [Fact]
    public async Task A_write_after_an_old_generation_was_deleted_goes_to_the_live_one()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1));
        await RebuildAsync(index, Payment);
        await index.DropKeptAsync(log, Group, Payment, Cancel);
        await AppendAsync(index, Entry.Put("finance:2", 1));
        Assert.Equal(["finance:1", "finance:2"], await IdsAsync(index, new TermFilter("source", ["finance"])));
    }

    private async Task<ElasticsearchIndex> OpenAsync(SchemaCatalog catalog, TimeProvider? time = null)
    {
        var index = new ElasticsearchIndex(new() { Url = address, Prefix = prefix, Time = time ?? TimeProvider.System }, catalog);
        opened.Add(index);
        await index.AttachAsync("log", Cancel);
        return index;
    }

    /// <summary>Into the log, and from there into the index as a sink does it.</summary>
    private async Task AppendAsync(ElasticsearchIndex index, params Entry[] entries)
    {
        await log.AppendAsync(Batch(entries), null, Cancel);
        await using var reader = await log.OpenReaderAsync(Group, [entries[0].Subject], null, Cancel);
        var (batch, outcomes) = (new LogBatch(), new List<WriteOutcome>());
        for (var left = entries.Length; left > 0; left -= batch.Count)
        {
            await reader.ReadAsync(batch, 1024 * 1024, TimeSpan.FromSeconds(10), Cancel);
            await index.WriteAsync(batch, outcomes, Cancel);
        }

        await reader.CommitAsync(reader.NextOffsets, Cancel);
        await index.RefreshAsync(Cancel);
    }

    private async Task RebuildAsync(ElasticsearchIndex index, string subject)
    {
        await index.BeginRebuildAsync(log, Group, subject, Cancel);
        await index.RebuildAsync(log, Group, subject, _ => { }, Cancel);
    }

    private async Task RollBackAsync(ElasticsearchIndex index, string subject)
    {
        await index.BeginRollBackAsync(log, Group, subject, Cancel);
        await index.RebuildAsync(log, Group, subject, _ => { }, Cancel);
    }

    private static async Task<string[]> IdsAsync(ElasticsearchIndex index, Filter filter)
    {
        await index.RefreshAsync(Cancel);
        return [.. (await index.SearchAsync(new() { Filters = [filter] }, Cancel)).Hits.Select(hit => hit.Document.Id).Order(StringComparer.Ordinal)];
    }

    private static Entry Thing(string id, int schemaId, string hex)
        => new(SchemaKit.Subject, id, 1, SchemaKit.Wire(schemaId, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))), Hub.Core.Records.Operation.Update);
}
