using System.Text.Json.Nodes;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>Looks at the engine for <c>hub doctor</c>: whether it answers, is one that Hub knows, has the plugins, is healthy, and fits the schemas.</summary>
public static class EngineDoctor
{
    /// <summary>What was found; does not change anything.</summary>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(ElasticsearchOptions options, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        using var client = new EngineClient(options with { Retries = 0, Timeout = TimeSpan.FromSeconds(10) });
        try
        {
            var server = await EngineServer.AskAsync(client, cancellationToken);
            List<Finding> findings = [new(Codes.Examined, Severity.Information, $"{client.Address}", $"the index is on {server.Name}.")];
            if (await FindPluginAsync(client, options, cancellationToken) is { } missing)
                findings.Add(missing);
            if (await FindHealthAsync(client, cancellationToken) is { } sick)
                findings.Add(sick);
            findings.AddRange(await FindChangesAsync(client, options, catalog, cancellationToken));
            return findings;
        }
        catch (HubException failure)
        {
            return failure.Findings;
        }
    }

    private static async Task<Finding?> FindPluginAsync(EngineClient client, ElasticsearchOptions options, CancellationToken cancellationToken)
    {
        if (MappingBuilder.PluginOf(options.Analyzer) is not { } plugin)
            return null;
        var answer = await client.AskAsync(HttpMethod.Get, "_nodes/plugins?filter_path=nodes.*.name,nodes.*.plugins.name", null, cancellationToken);
        var without = (answer["nodes"] as JsonObject ?? []).Select(node => node.Value!)
            .Where(node => (node["plugins"] as JsonArray ?? []).All(installed => $"{installed!["name"]}" != plugin)).Select(node => $"{node["name"]}").ToList();
        return without.Count == 0 ? null : new(
            Codes.EnginePluginMissing, Severity.Error, "elasticsearch.analyzer", $"the analyzer needs the plugin {plugin}, which is not on {string.Join(", ", without)}.",
            $"Install it on every node (elasticsearch-plugin install {plugin}) and start the nodes again, or set elasticsearch.analyzer to cjk.");
    }

    private static async Task<Finding?> FindHealthAsync(EngineClient client, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Get, "_cluster/health", null, cancellationToken);
        return answer.IsSuccess && $"{answer.Json["status"]}" == "red"
            ? new(Codes.EngineFailed, Severity.Error, $"{client.Address}", "the cluster is red: shards are missing.", "Ask GET /_cluster/allocation/explain why.")
            : null;
    }

    private static async Task<IReadOnlyList<Finding>> FindChangesAsync(EngineClient client, ElasticsearchOptions options, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        var (names, mapping) = (new IndexNames(options.Prefix), new IndexMapping(catalog));
        var store = new StateStore(client, names);
        if (!await store.ReadAsync(cancellationToken))
            return [];
        return await new Generations(client, names, mapping, options).FindUnlikeAsync(store.State, cancellationToken);
    }
}
