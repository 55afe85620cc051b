using System.IO.Compression;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Hub.Tests.Fixtures.Engine;

/// <summary>An engine on a real HTTP server that answers as a healthy one does, except where a test says otherwise.</summary>
internal sealed class ScriptedEngine : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly List<(string Path, EngineReply Reply)> script = [];
    private readonly X509Certificate2? certificate;
    private WebApplication? app;

    private ScriptedEngine(X509Certificate2? certificate) => this.certificate = certificate;

    public Uri Address { get; private set; } = null!;

    /// <summary>Shared by those that are nodes of one cluster.</summary>
    public EngineMemory Memory { get; private init; } = new();

    public List<EngineCall> Calls { get; } = [];

    /// <summary>What else to answer where the script has nothing; null: as a healthy engine. Called for one request at a time.</summary>
    public Func<EngineCall, EngineReply?>? Fault { get; set; }

    public IReadOnlyList<EngineCall> Bulks => [.. Snapshot().Where(call => call.Path == "/_bulk")];

    /// <summary>The most bulk requests that were under way at once.</summary>
    public int MostAtOnce { get; private set; }

    private int underWay;

    /// <param name="certificate">For TLS.</param>
    public static async Task<ScriptedEngine> StartAsync(EngineMemory? memory = null, X509Certificate2? certificate = null)
    {
        var engine = new ScriptedEngine(certificate) { Memory = memory ?? new() };
        await engine.ListenAsync(0);
        return engine;
    }

    /// <summary>The next request whose path ends so gets this answer.</summary>
    public void Answer(string path, EngineReply reply, int times = 1)
    {
        lock (gate)
            script.AddRange(Enumerable.Repeat((path, reply), times));
    }

    public void AnswerBulk(int status, string body = "", int times = 1) => Answer("_bulk", new(status, body), times);

    /// <summary>A document is refused so often with a status and an error.</summary>
    public void Refuse(string id, int status, string error, int times = int.MaxValue)
    {
        lock (gate)
            Memory.Refusals[id] = (status, error, times);
    }

    /// <summary>The documents of an index as they are now.</summary>
    public Dictionary<string, (long Version, byte[]? Value)> Documents(string index)
    {
        lock (gate)
            return Memory.Documents.Where(pair => pair.Key.Index == index)
                .ToDictionary(pair => pair.Key.Id, pair => (pair.Value.Version, pair.Value.Source["@value"] is { } value ? Convert.FromBase64String($"{value}") : null), StringComparer.Ordinal);
    }

    /// <summary>What was wrong with documents is mended.</summary>
    public void Mend()
    {
        lock (gate)
            Memory.Refusals.Clear();
    }

    /// <summary>Nobody answers at the address any more.</summary>
    public async Task StopAsync()
    {
        await app!.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        app = null;
    }

    /// <summary>At the same address.</summary>
    public Task StartAgainAsync() => ListenAsync(Address.Port);

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await StopAsync();
    }

    private List<EngineCall> Snapshot()
    {
        lock (gate)
            return [.. Calls];
    }

    private async Task ListenAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        app = builder.Build();
        app.Run(HandleAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        Address = new(app.Urls.First());
    }

    private async Task HandleAsync(HttpContext context)
    {
        var call = await ReadAsync(context.Request);
        EngineReply? reply;
        lock (gate)
        {
            Calls.Add(call);
            var place = script.FindIndex(line => call.Path.EndsWith(line.Path, StringComparison.Ordinal));
            reply = place < 0 ? null : script[place].Reply;
            if (place >= 0)
                script.RemoveAt(place);
            reply ??= Fault?.Invoke(call);
            MostAtOnce = Math.Max(MostAtOnce, call.Path == "/_bulk" ? ++underWay : 0);
            if (reply is null or { IsDone: true })
            {
                var (status, body) = Memory.Answer(call.Method, call.Path, call.Text);
                reply ??= new(status, body.ToJsonString());
            }
        }

        try
        {
            await WriteAsync(context, reply);
        }
        finally
        {
            lock (gate)
                underWay -= call.Path == "/_bulk" ? 1 : 0;
        }
    }

    private static async Task<EngineCall> ReadAsync(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        using var body = new MemoryStream();
        await using (var stream = encoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body)
            await stream.CopyToAsync(body);
        return new(
            request.Method, request.Path, request.QueryString.ToString(), request.Headers.Authorization.Count > 0 ? string.Join("; ", request.Headers.Authorization.ToArray()) : null,
            encoding.Length > 0 ? encoding : null, body.ToArray());
    }

    private static async Task WriteAsync(HttpContext context, EngineReply reply)
    {
        if (reply is { Until: { } until, CutAfter: null })
            await Task.WhenAny(until, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        if (reply.Status == 0)
        {
            context.Abort();
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(reply.Body);
        (context.Response.StatusCode, context.Response.ContentType, context.Response.ContentLength) = (reply.Status, reply.MediaType, bytes.Length);
        if (reply.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = $"{seconds}";
        if (reply.Location is { } location)
            context.Response.Headers.Location = location;
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, reply.CutAfter ?? bytes.Length));
        if (reply.CutAfter is null)
            return;
        await context.Response.Body.FlushAsync();
        if (reply.Until is { } later)
            await Task.WhenAny(later, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
    }
}
