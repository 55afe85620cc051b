using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Server;
using Hub.Server.Registry;
using Hub.Tests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hub.Tests.Fixtures;

/// <summary>An answer of a registry, as it came.</summary>
internal sealed record RegistryReply(int Status, string Body, string? MediaType)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public int ErrorCode => Json.GetProperty("error_code").GetInt32();
}

/// <summary>Hub's registry on a real Kestrel and a free port, over a log that the test gives.</summary>
internal sealed class RegistryServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private RegistryServer(WebApplication app)
    {
        this.app = app;
        Address = new Uri($"{app.Urls.First()}/registry");
    }

    public Uri Address { get; }

    public RegistryClient Client => field ??= new(new HttpClient(), new RegistryOptions { Url = Address.ToString() });

    /// <param name="whenReady">Whether to return only once it serves.</param>
    public static async Task<RegistryServer> StartAsync(ILog log, SchemaCatalog catalog, bool whenReady = true, TimeProvider? time = null)
    {
        var app = Composition.Build(
            new() { Address = new("http://127.0.0.1:0") },
            services =>
            {
                services.AddSingleton(log).AddSingleton<IIndex>(new FakeIndex(catalog)).AddSingleton(catalog).AddRegistry(new RegistryOptions());
                if (time is not null)
                    services.AddSingleton(time);
            });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var server = new RegistryServer(app);
        if (whenReady)
            await server.WaitAsync("the registry serves", async () => (await server.GetAsync("subjects")).Status == 200);
        return server;
    }

    public Task WaitUntilPrimaryAsync()
        => WaitAsync("this Hub registers", () => new(app.Services.GetRequiredService<SchemaRegistry>().IsPrimary));

    public Task<RegistryReply> GetAsync(string path) => new RegistryCaller(Address).GetAsync(path);

    public Task<RegistryReply> SendAsync(HttpMethod method, string path, object? body = null) => new RegistryCaller(Address).SendAsync(method, path, body);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private Task WaitAsync(string what, Func<ValueTask<bool>> holds) => Wait.UntilAsync(what, holds, () => "not so", TestContext.Current.CancellationToken);
}

/// <summary>Calls a registry as curl does: what is sent and what comes back is not looked into.</summary>
internal sealed class RegistryCaller(Uri address, string? credentials = null)
{
    private static readonly HttpClient Http = new();

    public static string Avro(string fields, string name = "Row") => $$"""{"type":"record","name":"{{name}}","fields":[{{fields}}]}""";

    public static object Body(string schema) => new { schema };

    public Task<RegistryReply> GetAsync(string path, string? accept = null) => SendAsync(HttpMethod.Get, path, null, accept: accept);

    public async Task<RegistryReply> SendAsync(HttpMethod method, string path, object? body = null, string contentType = RegistryJson.MediaType, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, $"{address.ToString().TrimEnd('/')}/{path}");
        if (credentials is not null)
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Content.Headers.ContentType?.MediaType);
    }
}
