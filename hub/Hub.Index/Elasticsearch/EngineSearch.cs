using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hub.Core.Index;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Elasticsearch;

/// <summary>Reads from the engine what was last made searchable. Any number of threads.</summary>
internal sealed class EngineSearch(EngineClient client, IndexNames names, IndexMapping mapping, TextAnalysis analysis)
{
    private const int ScanSize = 1000;

    /// <summary>How long a page's point in time waits for the next page.</summary>
    private static readonly TimeSpan KeepPoint = TimeSpan.FromMinutes(2);
    private static readonly JsonSerializerOptions Readable = new(EngineJson.Options) { WriteIndented = true };
    private static readonly string[] Stored = [EngineFields.Id, EngineFields.Subject, EngineFields.Version, EngineFields.Value];

    private readonly Vocabulary vocabulary = new(mapping.Catalog.Words, analysis);
    private EngineServer? server;

    /// <summary>Finds out who answers.</summary>
    public async Task<EngineServer> OpenAsync(CancellationToken cancellationToken) => server ??= await EngineServer.AskAsync(client, cancellationToken);

    public async Task<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var plan = new QueryPlan(query, mapping, analysis, vocabulary);
        var after = query.Cursor is { } cursor ? SearchPlace.Read(query, cursor) : null;
        var body = BodyOf(plan, after);
        var answer = after is null
            ? await AskAsync(IndicesOf(plan), body, cancellationToken)
            : await AskLaterAsync(plan, after, body, cancellationToken);
        return ResultOf(plan, answer) with { Explanation = query.Explain ? Explainer.Of(plan, $"POST {SearchPath(after is null ? IndicesOf(plan) : "")}\n{body.ToJsonString(Readable)}") : null };
    }

    public async Task<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken)
    {
        FieldResolver.CheckSubject(mapping.Catalog, subject);
        var path = $"{names.AliasOf(subject)}/_doc/{Uri.EscapeDataString(id)}?realtime=false&_source={string.Join(',', Stored)}";
        var answer = await client.SendAsync(HttpMethod.Get, path, null, cancellationToken);
        return answer.IsSuccess ? DocumentOf(answer.Json["_source"]!)
            : answer.Status == HttpStatusCode.NotFound && answer.Json["found"] is not null ? null
            : throw EngineFailure.Of(answer, client.Address, $"GET {path}");
    }

    public async Task<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Post, SearchPath(names.All), new JsonObject
        {
            ["size"] = 0,
            ["aggs"] = new JsonObject
            {
                ["subjects"] = new JsonObject
                {
                    ["terms"] = new JsonObject { ["field"] = EngineFields.Subject, ["size"] = 10_000 },
                    ["aggs"] = new JsonObject { ["deleted"] = new JsonObject { ["filter"] = QueryBuilder.Exists(EngineFields.DeletedAt) } },
                },
            },
        }, cancellationToken);
        // None before the first index is made.
        if (!answer.IsSuccess && EngineFailure.TypeOf(answer.Json) != "index_not_found_exception")
            throw EngineFailure.Of(answer, client.Address, "a count");
        var counts = (answer.Json["aggregations"]?["subjects"]!["buckets"] as JsonArray ?? [])
            .ToDictionary(bucket => $"{bucket!["key"]}", bucket => ((long)bucket!["doc_count"]!, (long)bucket["deleted"]!["doc_count"]!), StringComparer.Ordinal);
        return [.. mapping.Catalog.Subjects.Select(schema => counts.TryGetValue(schema.Subject, out var count) ? new SubjectCount(schema.Subject, count.Item1 - count.Item2, count.Item2) : new(schema.Subject, 0, 0))];
    }

    public IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, CancellationToken cancellationToken)
    {
        FieldResolver.CheckSubject(mapping.Catalog, subject);
        return ScanIndexAsync(names.AliasOf(subject), afterId, cancellationToken);
    }

    /// <summary>One picture of an index from beginning to end, however long that takes.</summary>
    public async IAsyncEnumerable<StoredDocument> ScanIndexAsync(string index, string? afterId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var engine = await OpenAsync(cancellationToken);
        var point = await engine.OpenPointAsync(client, index, KeepPoint, cancellationToken);
        try
        {
            while (true)
            {
                var body = new JsonObject
                {
                    ["size"] = ScanSize,
                    ["track_total_hits"] = false,
                    ["query"] = QueryBuilder.Bool(("must_not", [QueryBuilder.Exists(EngineFields.DeletedAt)])),
                    ["sort"] = new JsonArray(new JsonObject { [EngineFields.Id] = "asc" }),
                    ["pit"] = PointOf(point),
                    ["_source"] = Sources(),
                };
                if (afterId is not null)
                    body["search_after"] = new JsonArray(afterId);
                var answer = await AskAsync("", body, cancellationToken);
                var hits = answer["hits"]!["hits"]!.AsArray();
                foreach (var hit in hits)
                    yield return DocumentOf(hit!["_source"]!)!;
                if (hits.Count < ScanSize)
                    yield break;
                (afterId, point) = ($"{hits[^1]!["_source"]![EngineFields.Id]}", answer["pit_id"]?.ToString() ?? point);
            }
        }
        finally
        {
            await engine.ClosePointAsync(client, point, CancellationToken.None);
        }
    }

    /// <summary>The second page opens a point in time, and those that follow stay in it, as long as the engine has it.</summary>
    private async Task<JsonNode> AskLaterAsync(QueryPlan plan, SearchPlace after, JsonObject body, CancellationToken cancellationToken)
    {
        var engine = await OpenAsync(cancellationToken);
        if (after.Point is { } point)
        {
            body["pit"] = PointOf(point);
            var answer = await client.SendAsync(HttpMethod.Post, SearchPath(""), body, cancellationToken);
            if (answer.IsSuccess)
                return answer.Json;
            if (EngineFailure.TypeOf(answer.Json) is not "search_context_missing_exception" && answer.Status != HttpStatusCode.NotFound)
                throw EngineFailure.Of(answer, client.Address, "a search");
        }

        // Without one, what changes meanwhile may be seen twice or not at all, which is better than no page.
        body.Remove("pit");
        if (await engine.TryOpenPointAsync(client, IndicesOf(plan), KeepPoint, cancellationToken) is not { } opened)
            return await AskAsync(IndicesOf(plan), body, cancellationToken);
        body["pit"] = PointOf(opened);
        return await AskAsync("", body, cancellationToken);
    }

    private Task<JsonNode> AskAsync(string indices, JsonObject body, CancellationToken cancellationToken) => client.AskAsync(HttpMethod.Post, SearchPath(indices), body, cancellationToken);

    // Words weigh by how rare they are in all subjects together, not in each by itself. A part of the answer is none: the client refuses it, and
    // the engine need not go on when a shard has failed.
    private static string SearchPath(string indices) => $"{(indices.Length == 0 ? "" : $"{indices}/")}_search?allow_partial_search_results=false&search_type=dfs_query_then_fetch";

    /// <summary>Named one by one where that is short enough for the line of a request; the query itself asks for the subjects, too.</summary>
    private string IndicesOf(QueryPlan plan)
    {
        const int LongestPath = 2_000;
        var named = string.Join(',', plan.Query.Subjects.Select(names.AliasOf));
        return named.Length is 0 or > LongestPath ? names.All : named;
    }

    private static JsonObject PointOf(string point) => new() { ["id"] = point, ["keep_alive"] = EngineServer.Seconds(KeepPoint) };

    private static JsonArray Sources() => [.. Stored.Select(name => JsonValue.Create(name))];

    private static JsonObject BodyOf(QueryPlan plan, SearchPlace? after)
    {
        var body = new JsonObject
        {
            // One more tells whether there is another page.
            ["size"] = plan.Query.Size == 0 ? 0 : plan.Query.Size + 1,
            ["track_total_hits"] = true,
            ["query"] = QueryBuilder.Of(plan),
            ["sort"] = SortOf(plan),
            ["track_scores"] = plan is { HasScore: true, Sort: null },
            ["_source"] = Sources(),
        };
        if (plan.Query.Explain)
            body["explain"] = true;
        if (plan.Facets.Count > 0)
            body["aggs"] = new JsonObject(plan.Facets.Select((facet, i) => KeyValuePair.Create($"{i}", (JsonNode?)FacetOf(facet.Field, plan.Query.FacetSize))));
        if (after is not null)
            body["search_after"] = after.Sort.DeepClone();
        return body;
    }

    private static JsonArray SortOf(QueryPlan plan)
    {
        var sort = new JsonArray();
        if (plan.Sort is { } field)
        {
            sort.Add(new JsonObject
            {
                [QueryBuilder.NameOf(field)] = new JsonObject { ["order"] = plan.Query.Sort!.Descending ? "desc" : "asc", ["missing"] = "_last", ["unmapped_type"] = TypeOf(field) },
            });
        }
        else if (plan.HasScore)
        {
            sort.Add(new JsonObject { ["_score"] = "desc" });
        }

        sort.Add(new JsonObject { [EngineFields.Subject] = "asc" });
        sort.Add(new JsonObject { [EngineFields.Id] = "asc" });
        return sort;
    }

    private static string TypeOf(IndexField field) => field.IsKeyword ? "keyword" : field.Role == SearchRole.Date ? "date" : "long";

    private static JsonObject FacetOf(IndexField field, int size)
        => size == 0
            ? new() { ["value_count"] = new JsonObject { ["field"] = QueryBuilder.NameOf(field) } }
            // Each shard gives many more than are shown, so that what is frequent in all together is among them.
            : new() { ["terms"] = new JsonObject { ["field"] = QueryBuilder.NameOf(field), ["size"] = size, ["shard_size"] = Math.Max(1000, size * 10) } };

    private SearchResult ResultOf(QueryPlan plan, JsonNode answer)
    {
        var query = plan.Query;
        var hits = answer["hits"]!["hits"]!.AsArray();
        var shown = hits.Take(query.Size).ToList();
        var highlighter = query.Highlight && plan.HasScore ? new Highlighter(analysis, mapping, plan.Words) : null;
        return new(
            (long)answer["hits"]!["total"]!["value"]!,
            [.. shown.Select(hit => HitOf(hit!, highlighter))],
            [.. plan.Facets.Select((facet, i) => FacetOf(facet.Name, answer["aggregations"]?[$"{i}"], mapping.NamesOf(facet.Field)))],
            hits.Count > query.Size && query.Size > 0 ? new SearchPlace(shown[^1]!["sort"]!.AsArray(), answer["pit_id"]?.ToString()).Write(query) : null);
    }

    private static SearchHit HitOf(JsonNode hit, Highlighter? highlighter)
    {
        var document = DocumentOf(hit["_source"]!)!;
        return new(document, hit["_score"] is { } relevance ? (float)relevance : 0, highlighter?.Highlight(document) ?? Highlighter.None)
        {
            Explanation = hit["_explanation"] is { } score ? Explainer.Of(StepOf(score)) : null,
        };
    }

    private static ScoreStep StepOf(JsonNode step)
        => new((float)step["value"]!, $"{step["description"]}", [.. (step["details"] as JsonArray ?? []).Select(part => StepOf(part!))]);

    private static Facet FacetOf(string name, JsonNode? answer, Func<string, string?> nameOf)
    {
        // No answer where there is no index yet, a count alone where no values were asked for.
        if (answer?["buckets"] is not JsonArray buckets)
            return new(name, [], (long?)answer?["value"] ?? 0);
        return new(name, [.. buckets.Select(bucket => ($"{bucket!["key"]}", (long)bucket["doc_count"]!)).Select(pair => new FacetValue(pair.Item1, pair.Item2, nameOf(pair.Item1)))], (long)answer["sum_other_doc_count"]!);
    }

    /// <summary>Null for a delete marker.</summary>
    private static StoredDocument? DocumentOf(JsonNode source)
        => source[EngineFields.Value] is { } value
            ? new($"{source[EngineFields.Subject]}", $"{source[EngineFields.Id]}", (long)source[EngineFields.Version]!, Convert.FromBase64String($"{value}"))
            : null;
}

/// <summary>Where a page ended.</summary>
/// <param name="Sort">The sort values of its last hit.</param>
/// <param name="Point">The point in time that it was read at, if any.</param>
internal sealed record SearchPlace(JsonArray Sort, string? Point)
{
    public string Write(SearchQuery query)
        => CursorSeal.Write(query, JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["s"] = Sort.DeepClone(), ["p"] = Point }, EngineJson.Options));

    public static SearchPlace Read(SearchQuery query, string cursor)
    {
        var place = JsonNode.Parse(CursorSeal.Read(query, cursor))!;
        return new(place["s"]!.AsArray(), place["p"]?.ToString());
    }
}
