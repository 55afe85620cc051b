using System.Text.Json.Nodes;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using Hub.Tests.Fixtures.Engine;
using Xunit;

[assembly: AssemblyFixture(typeof(EngineFixture))]

namespace Hub.Tests.Fixtures.Engine;

/// <summary>
/// A real Elasticsearch or OpenSearch for the whole run: the one of HUB_TEST_ELASTICSEARCH (its address), else a throw-away container if Docker
/// answers. Indices outlive a test there, so each test takes a prefix of its own and clears it.
/// </summary>
public sealed class EngineFixture : IAsyncDisposable
{
    private const string Image = "opensearchproject/opensearch:2.19.1";
    private const ushort Port = 9200;

    private readonly SemaphoreSlim starting = new(1);
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private IContainer? container;
    private string? address;
    private string? missing;

    /// <summary>The engine's address; the test is skipped when there is none.</summary>
    public async Task<string> AddressAsync(CancellationToken cancellationToken)
    {
        await starting.WaitAsync(cancellationToken);
        try
        {
            if (address is null && missing is null)
                await StartAsync(cancellationToken);
        }
        finally
        {
            starting.Release();
        }

        if (missing is not null)
            Assert.Skip(missing);
        return address!;
    }

    /// <summary>A prefix that nobody else has.</summary>
    public static string Prefix() => $"t{Guid.NewGuid():N}-";

    /// <summary>Sends a request that must succeed.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, $"{address}/{path}");
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>The names of the indices that begin with the prefix.</summary>
    public async Task<string[]> IndicesAsync(string prefix, CancellationToken cancellationToken)
        => [.. (await AskAsync(HttpMethod.Get, $"{prefix}*/_settings?expand_wildcards=all&filter_path=*.settings.index.uuid", null, cancellationToken)).AsObject().Select(index => index.Key).Order(StringComparer.Ordinal)];

    /// <summary>Deletes everything that begins with the prefix.</summary>
    public async Task ClearAsync(string prefix)
    {
        if (address is null)
            return;
        if (await IndicesAsync(prefix, CancellationToken.None) is { Length: > 0 } indices)
            await AskAsync(HttpMethod.Delete, string.Join(',', indices), null, CancellationToken.None);
        var templates = await AskAsync(HttpMethod.Get, "_index_template?filter_path=index_templates.name", null, CancellationToken.None);
        foreach (var template in templates["index_templates"] as JsonArray ?? [])
            if ($"{template!["name"]}".StartsWith(prefix, StringComparison.Ordinal))
                await AskAsync(HttpMethod.Delete, $"_index_template/{template["name"]}", null, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (container is not null)
            await container.DisposeAsync();
        http.Dispose();
        starting.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("HUB_TEST_ELASTICSEARCH") is { Length: > 0 } given)
        {
            address = given.TrimEnd('/');
            return;
        }

        if (!await DockerEngine.AnswersAsync(cancellationToken))
        {
            missing = "There is no real search engine here: set HUB_TEST_ELASTICSEARCH to the address of an Elasticsearch or OpenSearch, or start Docker.";
            return;
        }

        container = new ContainerBuilder(Image).WithPortBinding(Port, true)
            .WithEnvironment("discovery.type", "single-node").WithEnvironment("DISABLE_SECURITY_PLUGIN", "true").WithEnvironment("DISABLE_INSTALL_DEMO_CONFIG", "true")
            .WithWaitStrategy(DotNet.Testcontainers.Builders.Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(request => request.ForPath("/_cluster/health").ForPort(Port))).Build();
        await container.StartAsync(cancellationToken);
        address = $"http://{container.Hostname}:{container.GetMappedPublicPort(Port)}";
    }
}
