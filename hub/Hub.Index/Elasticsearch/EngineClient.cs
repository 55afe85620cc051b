using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Hub.Core.Ops;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Hub.Index.Elasticsearch;

/// <summary>An answer of the engine, whatever its status.</summary>
internal readonly record struct EngineAnswer(HttpStatusCode Status, byte[] Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The body; an empty object when it is none.</summary>
    public JsonNode Json
    {
        get
        {
            try
            {
                return JsonNode.Parse(Body) ?? new JsonObject();
            }
            catch (System.Text.Json.JsonException)
            {
                return new JsonObject();
            }
        }
    }
}

/// <summary>
/// Speaks HTTP with the nodes: plain JSON, which every version takes. A request that meets a node that is down goes to the next; what is left
/// after a few tries is a transient <see cref="HubException"/>. For concurrent use.
/// </summary>
internal sealed class EngineClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Ndjson = new("application/x-ndjson");
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly ElasticsearchOptions options;
    private readonly HttpClient http;

    public EngineClient(ElasticsearchOptions options, HttpMessageHandler? inner = null)
    {
        this.options = options;
        var nodes = new NodeHandler(options) { InnerHandler = inner ?? Sockets(options) };
        http = new(new ResilienceHandler(Pipeline(options)) { InnerHandler = nodes }) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new("http://engine/") };
    }

    /// <summary>The first base address, for findings.</summary>
    public Uri Address => options.Nodes[0];

    public TimeProvider Time => options.Time;

    /// <summary>Sends a request that may be sent twice.</summary>
    /// <exception cref="HubException">No node answers, or it refuses the login; transient where that may pass.</exception>
    public async Task<EngineAnswer> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        var bytes = body is null ? null : System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(body, EngineJson.Options);
        return await SendAsync(method, path, bytes is null ? null : () => Content(bytes, Json), cancellationToken);
    }

    /// <summary>The same where anything but success is a failure.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(method, path, body, cancellationToken);
        return answer.IsSuccess ? answer.Json : throw EngineFailure.Of(answer, Address, $"{method} {path}");
    }

    /// <summary>Sends lines of JSON.</summary>
    public Task<EngineAnswer> SendLinesAsync(string path, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
        => SendAsync(HttpMethod.Post, path, () => Content(lines, Ndjson), cancellationToken);

    public void Dispose() => http.Dispose();

    private async Task<EngineAnswer> SendAsync(HttpMethod method, string path, Func<HttpContent>? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content?.Invoke() };
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            var answer = new EngineAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return answer.Status is HttpStatusCode.Unauthorized ? throw EngineFailure.Of(answer, Address, $"{method} {path}") : answer;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or ExecutionRejectedException)
        {
            throw EngineFailure.Unreachable(Address, failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw EngineFailure.Unreachable(Address, failure);
        }
    }

    private HttpContent Content(ReadOnlyMemory<byte> bytes, MediaTypeHeaderValue type)
    {
        if (!options.IsCompressed || bytes.Length < 1024)
            return new ReadOnlyMemoryContent(bytes) { Headers = { ContentType = type } };
        var packed = new MemoryStream(bytes.Length / 4);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes.Span);
        return new ByteArrayContent(packed.GetBuffer(), 0, (int)packed.Length) { Headers = { ContentType = type, ContentEncoding = { "gzip" } } };
    }

    private static ResiliencePipeline<HttpResponseMessage> Pipeline(ElasticsearchOptions options)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = options.Time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries, BackoffType = DelayBackoffType.Exponential, UseJitter = true, Delay = FirstPause, MaxDelay = LongestPause, ShouldRetryAfterHeader = true,
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: HttpRequestException or IOException or TimeoutRejectedException } => true,
                    // A busy engine is the bulk writer's to judge, and a timeout inside of it may come again at once.
                    { Result.StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable } => true,
                    _ => false,
                }),
            });
        }

        return builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Timeout }).Build();
    }

    private static SocketsHttpHandler Sockets(ElasticsearchOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(10), AutomaticDecompression = DecompressionMethods.GZip,
            // What runs on this machine is not asked through the proxy of the network.
            UseProxy = !options.Nodes.All(node => node.IsLoopback),
        };
        if (options.ReadAuthorities() is { } authorities)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsSignedBy(authorities, certificate, chain, errors);
        return handler;
    }

    /// <summary>The name must fit, and the chain must end at one of the authorities given, whatever else the machine trusts.</summary>
    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (presented is not null)
            foreach (var element in presented.ChainElements)
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(leaf);
    }

    /// <summary>Gives each try to a node: in turn, those that failed last not for a while.</summary>
    private sealed class NodeHandler(ElasticsearchOptions options) : DelegatingHandler
    {
        private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

        private readonly IReadOnlyList<Uri> nodes = options.Nodes;
        private readonly long[] restsUntil = new long[options.Nodes.Count];
        private readonly string? authorization = options.Authorization;
        private int turn = -1;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var node = Choose();
            request.RequestUri = new Uri($"{nodes[node].GetLeftPart(UriPartial.Path).TrimEnd('/')}{request.RequestUri!.PathAndQuery}");
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                Volatile.Write(ref restsUntil[node], 0);
                return response;
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException)
            {
                Volatile.Write(ref restsUntil[node], options.Time.GetTimestamp() + (long)(Rest.TotalSeconds * options.Time.TimestampFrequency));
                throw;
            }
        }

        private int Choose()
        {
            var now = options.Time.GetTimestamp();
            var first = Interlocked.Increment(ref turn) & int.MaxValue;
            for (var i = 0; i < nodes.Count; i++)
                if (Volatile.Read(ref restsUntil[(first + i) % nodes.Count]) <= now)
                    return (first + i) % nodes.Count;
            return first % nodes.Count;
        }
    }
}
