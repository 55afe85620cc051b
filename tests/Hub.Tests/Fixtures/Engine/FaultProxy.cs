using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Hub.Tests.Fixtures.Engine;

/// <summary>What becomes of a request on its way to the engine.</summary>
internal enum Fault
{
    None,

    /// <summary>The engine says that it is too busy.</summary>
    Busy,

    /// <summary>No node can answer.</summary>
    Unavailable,

    /// <summary>The connection breaks before the engine has the request.</summary>
    ResetBefore,

    /// <summary>The connection breaks after the engine has done what was asked.</summary>
    ResetAfter,
}

/// <summary>Stands before a real engine and spoils requests as a test says.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly string engine;
    private readonly Func<HttpRequest, Task<Fault>> choose;
    private WebApplication? app;
    private int spoiled;

    private readonly Func<bool>? lost;

    private FaultProxy(string engine, Func<HttpRequest, Task<Fault>> choose, Func<bool>? lost) => (this.engine, this.choose, this.lost) = (engine, choose, lost);

    public Uri Address { get; private set; } = null!;

    /// <summary>Requests that met a fault.</summary>
    public int Spoiled => Volatile.Read(ref spoiled);

    /// <param name="choose">Asked for each request; may take its time.</param>
    /// <param name="lost">Called when an answer is about to be lost.</param>
    public static async Task<FaultProxy> StartAsync(string engine, Func<HttpRequest, Task<Fault>> choose, Func<bool>? lost = null)
    {
        var proxy = new FaultProxy(engine, choose, lost);
        await proxy.ListenAsync(0);
        return proxy;
    }

    /// <summary>So many of a hundred requests meet a fault.</summary>
    public static Task<FaultProxy> StartAsync(string engine, int percent, params Fault[] faults)
    {
        var random = new Random(7);
        return StartAsync(engine, _ =>
        {
            lock (random)
                return Task.FromResult(random.Next(100) < percent ? faults[random.Next(faults.Length)] : Fault.None);
        });
    }

    /// <summary>Connections are refused from now on, and those there are break.</summary>
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
        http.Dispose();
    }

    private async Task ListenAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        app = builder.Build();
        app.Run(HandleAsync);
        await app.StartAsync();
        Address = new(app.Urls.First());
    }

    private async Task HandleAsync(HttpContext context)
    {
        var fault = await choose(context.Request);
        if (fault != Fault.None)
            Interlocked.Increment(ref spoiled);
        switch (fault)
        {
            case Fault.Busy:
                await WriteAsync(context, 429, RecordedErrors.Whole(429, RecordedErrors.Rejected));
                break;
            case Fault.Unavailable:
                await WriteAsync(context, 503, RecordedErrors.Whole(503, RecordedErrors.NoMaster));
                break;
            case Fault.ResetBefore:
                Abort(context);
                break;
            default:
                await ForwardAsync(context, isLost: fault == Fault.ResetAfter);
                break;
        }
    }

    private async Task ForwardAsync(HttpContext context, bool isLost)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        using var request = new HttpRequestMessage(new(context.Request.Method), $"{engine}{context.Request.Path.ToUriComponent()}{context.Request.QueryString}");
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
            if (context.Request.Headers.ContentEncoding is [{ } encoding])
                request.Content.Headers.ContentEncoding.Add(encoding);
        }

        // Not ended with the connection: an engine goes on with what it has.
        using var response = await http.SendAsync(request, CancellationToken.None);
        var answer = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
        if (isLost)
        {
            lost?.Invoke();
            Abort(context);
            return;
        }

        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await context.Response.Body.WriteAsync(answer);
    }

    private static Task WriteAsync(HttpContext context, int status, string body)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
        return context.Response.WriteAsync(body);
    }

    private static void Abort(HttpContext context) => context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
}
