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
public sealed class RebuildFaultTests(EngineFixture engine) : GenerationParts(engine)
{
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
        await index.BeginRebuildAsync(Log, Group, Payment, Cancel);
        // As a kill leaves it between the two steps of the swap.
        await Engine.AskAsync(HttpMethod.Post, "_aliases", JsonNode.Parse($$"""
            { "actions": [
              { "remove": { "index": "{{Prefix}}{{Payment}}-1", "alias": "{{Prefix}}{{Payment}}" } }, { "remove": { "index": "{{Prefix}}{{Payment}}-1", "alias": "{{Prefix}}all" } },
              { "add": { "index": "{{Prefix}}{{Payment}}-2", "alias": "{{Prefix}}{{Payment}}" } }, { "add": { "index": "{{Prefix}}{{Payment}}-2", "alias": "{{Prefix}}all" } }] }
            """), Cancel);
        await index.CancelRebuildAsync(Log, Group, Payment, Cancel);
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
        await first.BeginRebuildAsync(Log, Group, SchemaKit.Subject, Cancel);
        var later = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField), SchemaKit.Record(IdField, NumberField)));
        await AppendAsync(later, Thing("things:2", 2, "06 E9A284 02 02 39"));
        await later.RebuildAsync(Log, Group, SchemaKit.Subject, _ => { }, Cancel);
        await AppendAsync(later, Thing("things:3", 2, "06 E9A284 02 02 39"));
        Assert.Equal(["things:2", "things:3"], await IdsAsync(later, new TermFilter("number", ["9"])));
    }

    [Fact]
    public async Task Documents_that_the_live_generation_has_lost_are_not_waited_for()
    {
        // Whoever waits on this clock waits for ever.
        var index = await OpenAsync(Catalog, new FakeTimeProvider());
        await AppendAsync(index, [.. Enumerable.Range(1, 50).Select(i => Entry.Put($"finance:{i}", 1))]);
        await Engine.AskAsync(HttpMethod.Post, $"{Prefix}{Payment}-1/_delete_by_query?refresh=true", JsonNode.Parse("""{ "query": { "match_all": {} } }"""), Cancel);
        await RebuildAsync(index, Payment).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal(50, (await index.SearchAsync(new(), Cancel)).Total);
    }

    [Fact]
    public async Task A_write_after_an_old_generation_was_deleted_goes_to_the_live_one()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1));
        await RebuildAsync(index, Payment);
        await index.DropKeptAsync(Log, Group, Payment, Cancel);
        await AppendAsync(index, Entry.Put("finance:2", 1));
        Assert.Equal(["finance:1", "finance:2"], await IdsAsync(index, new TermFilter("source", ["finance"])));
    }
}
