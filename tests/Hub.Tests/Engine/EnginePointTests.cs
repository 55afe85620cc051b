using System.Text.Json.Nodes;
using Hub.Core.Index;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Engine;

/// <summary>What becomes of the pages after the first when the engine cannot keep a point in time for them.</summary>
public sealed class EnginePointTests : EngineTest
{
    // As OpenSearch 2.4 answers.
    private const string TooMany = """
        {"error":{"root_cause":[{"type":"rejected_execution_exception","reason":"Trying to create too many Point In Time contexts. Must be less than or equal to: [300]. This limit can be set by changing the [search.max_open_pit_context] setting."}],"type":"search_phase_execution_exception","reason":"all shards failed","phase":"create_pit","grouped":true,"failed_shards":[]},"status":429}
        """;

    [Fact]
    public async Task The_next_page_comes_without_a_point_in_time_where_the_engine_keeps_no_more()
    {
        var index = await OpenAsync(Options with { Retries = 0 });
        Engine.Answer("_search", new(200, Page("s:1", "s:2")));
        Engine.Answer("_pit", new(429, TooMany));
        Engine.Answer("_search", new(200, Page("s:2", "s:3")));
        Engine.Answer("_pit", new(200, """{"id":"P"}"""));
        Engine.Answer("_search", new(200, Page("s:3")));

        var query = new SearchQuery { Subjects = [Payment], Size = 1 };
        var found = new List<string>();
        do
        {
            var page = await index.SearchAsync(query, Cancel);
            found.AddRange(page.Hits.Select(hit => hit.Document.Id));
            query = query with { Cursor = page.NextCursor };
        }
        while (query.Cursor is not null);

        Assert.Equal(["s:1", "s:2", "s:3"], found);
        var searches = Engine.Calls.Where(call => call.Path.EndsWith("_search", StringComparison.Ordinal)).ToList();
        Assert.Equal([$"/p-{Payment}/_search", $"/p-{Payment}/_search", "/_search"], searches.Select(call => call.Path));
        Assert.Equal([null, null, "P"], searches.Select(call => JsonNode.Parse(call.Text)!["pit"]?["id"]?.ToString()));
    }

    private static string Page(params string[] ids) => new JsonObject
    {
        ["hits"] = new JsonObject
        {
            ["total"] = new JsonObject { ["value"] = 3 },
            ["hits"] = new JsonArray([.. ids.Select(id => new JsonObject
            {
                ["_source"] = new JsonObject { ["@id"] = id, ["@subject"] = Payment, ["@version"] = 1, ["@value"] = Convert.ToBase64String(Wire(Payment)) },
                ["sort"] = new JsonArray(Payment, id),
            })]),
        },
    }.ToJsonString();
}
