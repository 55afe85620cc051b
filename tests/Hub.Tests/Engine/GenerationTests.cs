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
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Engine;

/// <summary>Generations of an index on a real engine: schemas that change, Hubs that share it, markers that are forgotten, indices that are gone.</summary>
[Trait("needs", "engine")]
public sealed class GenerationTests(EngineFixture engine) : GenerationParts(engine)
{
    private const string FilledField = """{ "name": "count", "type": "long", "default": 5, "hub.search": "number" }""";

    [Fact]
    public async Task A_new_field_is_added_in_place()
    {
        var first = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField)));
        await WriteAsync(first, Thing("things:1", 1, "06 E9A284"));
        var later = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField), SchemaKit.Record(IdField, NumberField)));
        Assert.Empty(later.Findings);
        await WriteAsync(later, Thing("things:2", 2, "06 E9A284 02 02 39"));
        Assert.Equal(["things:2"], await IdsAsync(later, new TermFilter("number", ["9"])));
        Assert.Equal(["things:1", "things:2"], await IdsAsync(later, new ExistsFilter("id", true)));
        Assert.Equal([$"{Prefix}state", $"{Prefix}test.thing-1"], await Engine.IndicesAsync(Prefix, Cancel));
    }

    [Fact]
    public async Task A_change_that_needs_a_rebuild_is_told_before_anything_is_touched_and_is_there_after_it()
    {
        var first = await OpenAsync(Catalog);
        await AppendAsync(first, Entry.Put("finance:1", 1, ("fundTypeCode", "11"), ("agencyName", "区教育局")), Entry.Put("finance:2", 1, ("fundTypeCode", "19")));
        var before = await MappingAsync(1);

        var later = await OpenAsync(ChangedCatalog);
        var finding = Assert.Single(later.Findings);
        Assert.Equal((Codes.SchemaNeedsRebuild, Payment), (finding.Code, finding.Place));
        Assert.Contains("fundTypeCode", finding.Message, StringComparison.Ordinal);
        Assert.Contains($"hub reindex {Payment}", finding.Suggestion, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(before, await MappingAsync(1)));

        // Everything else goes on meanwhile.
        await AppendAsync(later, Entry.Put("finance:3", 1, ("fundTypeCode", "11"), ("agencyName", "区教育局")));
        Assert.Equal(["finance:1", "finance:3"], (await FindAsync(later, "教育局")).Order());

        await RebuildAsync(later);
        Assert.Empty(later.Findings);
        Assert.Equal(["finance:1", "finance:3"], (await FindAsync(later, "11")).Order());
        Assert.Equal(["finance:1", "finance:2", "finance:3"], await IdsAsync(later, new ExistsFilter("fundTypeCode", true)));
    }

    [Fact]
    public async Task A_new_field_that_earlier_records_have_by_its_default_needs_a_rebuild()
    {
        var first = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField)));
        await WriteAsync(first, Thing("things:1", 1, "06 E9A284"));
        var later = await OpenAsync(SchemaKit.Catalog(SchemaKit.Record(IdField), SchemaKit.Record(IdField, FilledField)));
        Assert.Contains("count", Assert.Single(later.Findings).Message, StringComparison.Ordinal);
        await WriteAsync(later, Thing("things:2", 2, "06 E9A284 0A"));
        Assert.Equal(2, (await later.SearchAsync(new(), Cancel)).Total);
    }

    [Fact]
    public async Task A_rebuild_that_one_Hub_begins_gets_what_another_writes()
    {
        var (builder, other) = (await OpenAsync(Catalog), await OpenAsync(Catalog));
        await AppendAsync(other, Entry.Put("finance:1", 1), Entry.Put("finance:2", 1));
        await builder.BeginRebuildAsync(Log, Group, Payment, Cancel);
        // This one does not know of it yet, and writes in its first request to the live generation alone.
        await AppendAsync(other, Entry.Put("finance:3", 1), Entry.Delete("finance:1", 2));
        await builder.RebuildAsync(Log, Group, Payment, _ => { }, Cancel);
        await AppendAsync(other, Entry.Put("finance:4", 1));

        Assert.Equal([(2, 1)], (await other.ReadGenerationsAsync(Cancel)).Where(one => one.Subject == Payment).Select(one => (one.Live, one.Kept!.Value)));
        Assert.Equal(["finance:2", "finance:3", "finance:4"], await IdsAsync(other, new TermFilter("source", ["finance"])));
        Assert.Equal(["finance:2", "finance:3", "finance:4"], await HeldAsync(2));
    }

    [Fact]
    public async Task A_generation_that_was_to_be_gone_back_to_is_kept_when_that_is_given_up()
    {
        var index = await OpenAsync(Catalog);
        await AppendAsync(index, Entry.Put("finance:1", 1));
        await RebuildAsync(index);
        await index.BeginRollBackAsync(Log, Group, Payment, Cancel);
        await index.CancelRebuildAsync(Log, Group, Payment, Cancel);
        var numbers = (await index.ReadGenerationsAsync(Cancel)).Single(one => one.Subject == Payment);
        Assert.Equal((2, null, 1), (numbers.Live, numbers.Building, numbers.Kept));

        await AppendAsync(index, Entry.Put("finance:2", 1), Entry.Delete("finance:1", 2));
        await index.BeginRollBackAsync(Log, Group, Payment, Cancel);
        await index.RebuildAsync(Log, Group, Payment, _ => { }, Cancel);
        Assert.Equal(["finance:2"], await HeldAsync(1));
        Assert.Equal(["finance:2"], await IdsAsync(index, new TermFilter("source", ["finance"])));
    }

    [Fact]
    public async Task More_subjects_than_a_line_of_a_request_can_name_are_searched()
    {
        var index = await OpenAsync(Catalog);
        await WriteAsync(index, Entry.Put("finance:1", 1));
        var many = new SearchQuery { Subjects = [.. Enumerable.Repeat(Payment, 400)] };
        Assert.Equal(1, (await index.SearchAsync(many, Cancel)).Total);
    }

    [Fact]
    public async Task What_one_Hub_truncates_another_does_not_bring_back()
    {
        var (one, other) = (await OpenAsync(Catalog), await OpenAsync(Catalog));
        await WriteAsync(one, Entry.Put("finance:1", 4), Entry.Put("finance:2", 9));
        await WriteAsync(one, Entry.Truncate("finance", 5));
        // It has not looked at the state since, so its first request may pass the floor.
        await WriteAsync(other, Entry.Put("finance:3", 4), Entry.Put("finance:4", 5));
        Assert.Equal(["finance:2", "finance:4"], await IdsAsync(other, new TermFilter("source", ["finance"])));
        Assert.Equal([WriteOutcome.Stale], await WriteAsync(other, Entry.Put("finance:5", 4)));
    }

    [Fact]
    public async Task Old_delete_markers_are_forgotten_and_new_ones_kept()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));
        var index = await OpenAsync(Catalog, clock);
        // Its prefix begins like the other's, and it may keep its markers for longer.
        var neighbour = Add(Catalog, clock, $"{Prefix}other-");
        await neighbour.AttachAsync("another", Cancel);
        await WriteAsync(neighbour, Entry.Delete("finance:1", 2));
        await WriteAsync(index, Entry.Put("finance:1", 1), Entry.Delete("finance:1", 2));
        clock.Advance(TimeSpan.FromDays(20));
        await WriteAsync(index, Entry.Delete("finance:2", 2), Entry.Put("finance:3", 1));
        clock.Advance(TimeSpan.FromDays(20));

        Assert.Equal(1, await index.PurgeDeleteMarkersAsync(TimeSpan.FromDays(30), Cancel));
        await index.RefreshAsync(Cancel);
        Assert.Contains(new SubjectCount(Payment, 1, 1), await index.CountAsync(Cancel));
        Assert.Equal([WriteOutcome.Stale], await WriteAsync(index, Entry.Put("finance:2", 1)));
        Assert.Equal([WriteOutcome.Stale], await WriteAsync(neighbour, Entry.Put("finance:1", 1)));
    }

    [Fact]
    public async Task An_index_that_somebody_deleted_is_told_and_not_made_again_by_a_write()
    {
        var index = await OpenAsync(Catalog);
        await Engine.AskAsync(HttpMethod.Delete, $"{Prefix}{Payment}-1", null, Cancel);
        var failure = await Assert.ThrowsAsync<HubException>(() => WriteAsync(index, Entry.Put("finance:1", 1)));
        Assert.Equal(Codes.EngineIndexMissing, failure.Findings[0].Code);
        Assert.DoesNotContain($"{Prefix}{Payment}-1", await Engine.IndicesAsync(Prefix, Cancel));
    }

    [Fact]
    public async Task A_state_that_somebody_deleted_is_told_and_not_made_anew_beside_indices_that_are_there()
    {
        var index = await OpenAsync(Catalog);
        await Engine.AskAsync(HttpMethod.Delete, $"{Prefix}state", null, Cancel);
        var failure = await Assert.ThrowsAsync<HubException>(() => WriteAsync(index, Entry.Put("finance:1", 1)));
        Assert.Equal(Codes.EngineIndexMissing, failure.Findings[0].Code);
        failure = await Assert.ThrowsAsync<HubException>(() => OpenAsync(Catalog));
        Assert.Equal(Codes.EngineIndexMissing, failure.Findings[0].Code);
        Assert.DoesNotContain($"{Prefix}state", await Engine.IndicesAsync(Prefix, Cancel));
    }

    [Fact]
    public async Task A_new_index_has_an_identity_of_its_own_and_one_of_another_log_is_refused()
    {
        var first = await OpenAsync(Catalog);
        Assert.NotNull(first.Identity);
        Assert.Equal(first.Identity, (await OpenAsync(Catalog)).Identity);
        var failure = await Assert.ThrowsAsync<HubException>(async () => await Add(Catalog, TimeProvider.System).AttachAsync("another", Cancel));
        Assert.Contains("another log", failure.Findings[0].Message, StringComparison.Ordinal);

        await Engine.ClearAsync(Prefix);
        Assert.NotEqual(first.Identity, (await OpenAsync(Catalog)).Identity);
    }

    private static async Task<List<WriteOutcome>> WriteAsync(ElasticsearchIndex index, params Entry[] entries)
    {
        var outcomes = new List<WriteOutcome>();
        await index.WriteAsync(Batch(entries), outcomes, Cancel);
        await index.RefreshAsync(Cancel);
        return outcomes;
    }

    private static async Task<string[]> FindAsync(ElasticsearchIndex index, string text)
        => [.. (await index.SearchAsync(new() { Text = text }, Cancel)).Hits.Select(hit => hit.Document.Id)];

    /// <summary>The live documents of a generation.</summary>
    private async Task<string[]> HeldAsync(int generation)
    {
        var name = $"{Prefix}{Payment}-{generation}";
        await Engine.AskAsync(HttpMethod.Post, $"{name}/_refresh", null, Cancel);
        var answer = await Engine.AskAsync(HttpMethod.Post, $"{name}/_search?size=100", JsonNode.Parse("""{ "query": { "bool": { "must_not": { "exists": { "field": "@deletedAt" } } } }, "sort": ["@id"] }"""), Cancel);
        return [.. answer["hits"]!["hits"]!.AsArray().Select(hit => $"{hit!["_id"]}")];
    }

    private async Task<JsonNode> MappingAsync(int generation) => (await Engine.AskAsync(HttpMethod.Get, $"{Prefix}{Payment}-{generation}/_mapping", null, Cancel))[$"{Prefix}{Payment}-{generation}"]!;
}
