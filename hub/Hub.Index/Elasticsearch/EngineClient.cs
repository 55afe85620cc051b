using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Hub.Core.Ops;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Hub.Index.Elasticsearch;

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
    private readonly bool isCompressed;

    public EngineClient(ElasticsearchOptions options, HttpMessageHandler? inner = null)
    {
        (this.options, Address, isCompressed) = (options, options.Nodes[0], options.IsCompressed);
        var nodes = new NodeHandler(options) { InnerHandler = inner ?? Sockets(options) };
        http = new(new ResilienceHandler(Pipeline(options)) { InnerHandler = nodes }) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new("http://engine/") };
    }

    /// <summary>The first base address, for findings.</summary>
    public Uri Address { get; }

    public TimeProvider Time => options.Time;

    /// <summary>Sends a request that may be sent twice.</summary>
    /// <exception cref="HubException">No node answers, or not with all there is, or it refuses the login; transient where that may pass.</exception>
    public async Task<EngineAnswer> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        var bytes = body is null ? null : System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(body, EngineJson.Options);
        var answer = await SendAsync(method, path, bytes is null ? null : () => Content(bytes, Json), cancellationToken);
        if (answer.IsSuccess && answer.Object is null)
            throw EngineFailure.Garbled(Address, $"the answer to {method} {path} is not JSON.");
        return answer.IsSuccess && answer.IsPartial ? throw EngineFailure.Partial(answer, Address, $"{method} {path}") : answer;
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
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var answer = new EngineAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken), PauseOf(response, Time));
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
        if (!isCompressed || bytes.Length < 1024)
            return new ReadOnlyMemoryContent(bytes) { Headers = { ContentType = type } };
        var packed = new MemoryStream(bytes.Length / 4);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes.Span);
        return new ByteArrayContent(packed.GetBuffer(), 0, (int)packed.Length) { Headers = { ContentType = type, ContentEncoding = { "gzip" } } };
    }

    private static ResiliencePipeline<HttpResponseMessage> Pipeline(ElasticsearchOptions options)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = options.Time };
        var hasAnother = options.Nodes.Count > 1;
        if (options.Retries > 0)
        {
            builder.AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries, BackoffType = DelayBackoffType.Exponential, UseJitter = true, Delay = FirstPause, MaxDelay = LongestPause,
                // What the engine asks for counts, but not for hours. None: the pauses above.
                DelayGenerator = arguments => ValueTask.FromResult(arguments.Outcome.Result is { } response && PauseOf(response, options.Time) is { } asked ? asked < LongestPause ? asked : LongestPause : (TimeSpan?)null),
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: HttpRequestException { InnerException: CertificateRefusedException } } => hasAnother,
                    { Exception: HttpRequestException or IOException } => true,
                    // Who let one wait for a minute is not asked again at once, unless there is another to ask.
                    { Exception: TimeoutRejectedException } => hasAnother,
                    { Result.StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable } => true,
                    // An engine that is too busy for documents is the bulk writer's to judge.
                    { Result: { StatusCode: HttpStatusCode.TooManyRequests } response } => !Ndjson.Equals(response.RequestMessage?.Content?.Headers.ContentType),
                    _ => false,
                }),
            });
        }

        return builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Timeout }).Build();
    }

    private static TimeSpan? PauseOf(HttpResponseMessage response, TimeProvider time)
        => response.Headers.RetryAfter is not { } asked ? null : (asked.Delta ?? asked.Date - time.GetUtcNow()) is { } pause && pause > TimeSpan.Zero ? pause : null;

    private static SocketsHttpHandler Sockets(ElasticsearchOptions options) => new()
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(10), AutomaticDecompression = DecompressionMethods.GZip,
        // What runs on this machine is not asked through the proxy of the network, and nobody may send documents and logins elsewhere.
        UseProxy = !options.Nodes.All(node => node.IsLoopback), AllowAutoRedirect = false,
        SslOptions = { RemoteCertificateValidationCallback = new EngineTrust(options.ReadAuthorities()).Accept },
    };
}
