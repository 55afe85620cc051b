using System.Text.Json.Nodes;
using Hub.Index.Elasticsearch;

namespace Hub.Benchmarks.Engine;

/// <summary>The Elasticsearch or OpenSearch that HUB_TEST_ELASTICSEARCH names, and what the benchmarks made in it, which is gone in the end.</summary>
internal sealed class BenchmarkEngine : IAsyncDisposable
{
    public const string Variable = "HUB_TEST_ELASTICSEARCH";

    private readonly string prefix = $"bench{Guid.NewGuid():N}"[..12];
    private readonly string address;

    private BenchmarkEngine(string address) => this.address = address;

    /// <summary>As many connections as a client likes.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(10) };

    /// <summary>Null, and a sentence that says so, where there is no engine.</summary>
    public static BenchmarkEngine? Find(TextWriter output)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
            return new(given.TrimEnd('/'));
        output.WriteLine($"There is no search engine here: set {Variable} to the address of an Elasticsearch or OpenSearch to measure with it.");
        return null;
    }

    /// <summary>Options of an index that nobody else has. All names are equally long, so that one may take another's place in prepared lines.</summary>
    /// <param name="sign">Tells it from the others.</param>
    public ElasticsearchOptions Options(char sign) => new() { Url = address, Prefix = $"{prefix}{sign}-", Gzip = false };

    public async Task<string> NameAsync(CancellationToken cancellationToken)
    {
        var version = (await AskAsync(HttpMethod.Get, "", cancellationToken))["version"]!;
        return $"{version["distribution"] ?? "elasticsearch"} {version["number"]}";
    }

    public async Task<JsonNode> AskAsync(HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, $"{address}/{path}");
        using var answer = await Http.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!;
    }

    /// <summary>Deletes what was made with the options' prefix.</summary>
    public async Task ClearAsync(string begin)
    {
        var indices = (await AskAsync(HttpMethod.Get, $"{begin}*/_settings?expand_wildcards=all&filter_path=*.settings.index.uuid", CancellationToken.None)).AsObject().Select(index => index.Key).ToList();
        if (indices.Count > 0)
            await AskAsync(HttpMethod.Delete, string.Join(',', indices), CancellationToken.None);
        var templates = await AskAsync(HttpMethod.Get, "_index_template?filter_path=index_templates.name", CancellationToken.None);
        foreach (var template in templates["index_templates"] as JsonArray ?? [])
            if ($"{template!["name"]}".StartsWith(begin, StringComparison.Ordinal))
                await AskAsync(HttpMethod.Delete, $"_index_template/{template["name"]}", CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await ClearAsync(prefix);
        Http.Dispose();
    }
}
