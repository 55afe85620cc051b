using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>Who answers: the two engines part where a point in time is kept.</summary>
internal sealed record EngineServer(bool IsOpenSearch, Version Version)
{
    private static readonly Version OldestElasticsearch = new(7, 17);
    private static readonly Version OldestOpenSearch = new(2, 4);

    public string Name => $"{(IsOpenSearch ? "OpenSearch" : "Elasticsearch")} {Version}";

    /// <exception cref="HubException">It is none of the engines that Hub knows, or too old.</exception>
    public static async Task<EngineServer> AskAsync(EngineClient client, CancellationToken cancellationToken)
    {
        var answer = await client.AskAsync(HttpMethod.Get, "", null, cancellationToken);
        if (answer["version"] is not JsonObject version || !Version.TryParse($"{version["number"]}".Split('-')[0], out var number))
            throw Unknown(client, "what answers there is neither Elasticsearch nor OpenSearch.");
        var server = new EngineServer($"{version["distribution"]}" == "opensearch", number);
        return number >= (server.IsOpenSearch ? OldestOpenSearch : OldestElasticsearch) ? server : throw Unknown(client, $"{server.Name} is too old.");
    }

    /// <summary>Opens a point in time over indices, which the engine forgets when it was not used for a while.</summary>
    public async Task<string> OpenPointAsync(EngineClient client, string indices, TimeSpan keep, CancellationToken cancellationToken)
    {
        return PointOf(await client.AskAsync(HttpMethod.Post, PointPath(indices, keep), null, cancellationToken));
    }

    /// <summary>The same; null when the engine keeps as many as it can, of which each takes one for every shard.</summary>
    public async Task<string?> TryOpenPointAsync(EngineClient client, string indices, TimeSpan keep, CancellationToken cancellationToken)
    {
        var path = PointPath(indices, keep);
        var answer = await client.SendAsync(HttpMethod.Post, path, null, cancellationToken);
        return answer.IsSuccess ? PointOf(answer.Json) : answer.Status == HttpStatusCode.TooManyRequests ? null : throw EngineFailure.Of(answer, client.Address, $"POST {path}");
    }

    public Task ClosePointAsync(EngineClient client, string point, CancellationToken cancellationToken)
        => client.SendAsync(HttpMethod.Delete, IsOpenSearch ? "_search/point_in_time" : "_pit", IsOpenSearch ? new JsonObject { ["pit_id"] = new JsonArray(point) } : new JsonObject { ["id"] = point }, cancellationToken);

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalSeconds}s");

    private string PointPath(string indices, TimeSpan keep)
        => $"{indices}{(IsOpenSearch ? "/_search/point_in_time?allow_partial_pit_creation=false&" : "/_pit?")}keep_alive={Seconds(keep)}";

    private string PointOf(JsonNode answer) => $"{answer[IsOpenSearch ? "pit_id" : "id"]}";

    private static HubException Unknown(EngineClient client, string message)
        => new(new Finding(Codes.EngineUnknown, Severity.Error, $"{client.Address}", message, $"Hub works with Elasticsearch {OldestElasticsearch} or later and OpenSearch {OldestOpenSearch} or later."));
}
