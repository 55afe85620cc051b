using System.Net;
using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Elasticsearch;
using Hub.Log.Kafka;
using Hub.Server;
using Hub.Server.Hosting;
using Hub.Server.Ops;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hub.Tests.Fixtures;

/// <summary>A whole Hub in this process, on a free port: log, index, sources and API, as <c>hub run</c> composes them.</summary>
public sealed class RunningHub : IAsyncDisposable
{
    private readonly HubOptions options;
    private WebApplication? app;

    private RunningHub(HubOptions options) => this.options = options;

    public HttpClient Http { get; private set; } = null!;

    public ILog Log => app!.Services.GetRequiredService<ILog>();

    public IIndex Index => app!.Services.GetRequiredService<IIndex>();

    public SchemaCatalog Catalog => app!.Services.GetRequiredService<SchemaCatalog>();

    public IReadOnlyList<SourceDefinition> Definitions => SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, Catalog);

    public string IndexFolder => Path.Combine(options.DataFolder, "index");

    /// <param name="data">Holds the log and the index; what it holds already is gone on with.</param>
    /// <param name="kafka">Holds the log instead, when it is given.</param>
    /// <param name="engine">Holds the index instead, when it is given.</param>
    public static async Task<RunningHub> StartAsync(
        string data, string schemas, string connectors, CancellationToken cancellationToken, KafkaLogOptions? kafka = null, ElasticsearchOptions? engine = null)
    {
        var hub = new RunningHub(new()
        {
            DataFolder = data, SchemasFolder = schemas, ConnectorsFolder = connectors, Address = new("http://127.0.0.1:0"),
            RefreshInterval = TimeSpan.FromMilliseconds(50), CommitInterval = TimeSpan.FromMilliseconds(500),
            Log = kafka is null ? LogKind.Sqlite : LogKind.Kafka, Kafka = kafka ?? new(),
            Index = engine is null ? IndexKind.Lucene : IndexKind.Elasticsearch, Elasticsearch = engine ?? new(),
        });
        await hub.StartAsync(cancellationToken);
        return hub;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        app = Composition.Build(options, services => Composition.AddParts(services, options));
        await app.StartAsync(cancellationToken);
        Http = new HttpClient { BaseAddress = new(app.Urls.First()) };
    }

    /// <summary>Ends everything; whatever happens to the folder then is found by the next <see cref="StartAsync(CancellationToken)"/>.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Http.Dispose();
        await app!.StopAsync(cancellationToken);
        await app.DisposeAsync();
        app = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await StopAsync(CancellationToken.None);
    }

    public SourceStatus Status(string source)
        => app!.Services.GetRequiredService<HubState>().Sources().Single(status => status.Source == source);

    /// <summary>The answer of the API, which must be a good one.</summary>
    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await Http.GetAsync(path, cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>The answer to a command, which must be a good one.</summary>
    public async Task<JsonElement> PostAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await Http.PostAsync(path, new StringContent("{}", System.Text.Encoding.UTF8, "application/json"), cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Waits until the source is complete as of the moment, by what every answer of the API says.</summary>
    public async Task WaitUntilCompleteAsync(string source, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        var status = default(JsonElement);
        await Wait.UntilAsync($"{source} is complete as of {moment:O}", async () =>
        {
            using var response = await Http.GetAsync("/api/v1/status", cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            // An index that cannot answer just now is asked again.
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                return false;
            Assert.True(response.IsSuccessStatusCode, body);
            status = JsonDocument.Parse(body).RootElement;
            var found = status.GetProperty("sources").EnumerateArray().Single(each => each.GetProperty("source").GetString() == source);
            return found.GetProperty("asOf").ValueKind == JsonValueKind.String && found.GetProperty("asOf").GetDateTimeOffset() >= moment;
        }, () => status.ValueKind == JsonValueKind.Undefined ? "no answer" : status.GetProperty("sources").ToString(), cancellationToken);
    }

    public Task WaitForStateAsync(string source, SourceState state, CancellationToken cancellationToken)
        => Wait.UntilAsync($"{source} is {state}", () => Status(source).State == state, () => Status(source).ToString(), cancellationToken);
}
