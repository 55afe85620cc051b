using System.Net.Http.Headers;
using System.Text;
using Hub.Index.Elasticsearch;

namespace Hub.Benchmarks.Engine;

/// <summary>The bulk requests that Hub made, as it made them: another client may send the same into an index of its own.</summary>
internal sealed class PreparedRequests : DelegatingHandler
{
    private static readonly MediaTypeHeaderValue Ndjson = new("application/x-ndjson");

    private readonly List<byte[]> bodies = [];
    private string path = "";

    public PreparedRequests() => InnerHandler = new SocketsHttpHandler { UseProxy = false };

    public int Count => bodies.Count;

    public long Bytes => bodies.Sum(body => (long)body.Length);

    /// <summary>Makes them go to another index, whose name is as long.</summary>
    public void Turn(string from, string to)
    {
        var (old, other) = (Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to));
        foreach (var body in bodies)
            for (var (at, next) = (0, 0); (next = body.AsSpan(at).IndexOf(old)) >= 0; at += next + old.Length)
                other.CopyTo(body, at + next);
    }

    /// <summary>Posts all, as many at once as Hub does, and reads the answers.</summary>
    public async Task PostAsync(HttpClient http, ElasticsearchOptions options, CancellationToken cancellationToken)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, options.Concurrency).Select(_ => Task.Run(WorkAsync, cancellationToken)));

        async Task WorkAsync()
        {
            for (var number = Interlocked.Increment(ref next); number < bodies.Count; number = Interlocked.Increment(ref next))
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"{options.Nodes[0].GetLeftPart(UriPartial.Authority)}{path}") { Content = new ByteArrayContent(bodies[number]) { Headers = { ContentType = Ndjson } } };
                using var answer = await http.SendAsync(request, cancellationToken);
                answer.EnsureSuccessStatusCode();
                var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
                if (body.AsSpan().IndexOf("error"u8) >= 0)
                    throw new InvalidOperationException(Encoding.UTF8.GetString(body));
            }
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri!.AbsolutePath.EndsWith("_bulk", StringComparison.Ordinal))
        {
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            lock (bodies)
                bodies.Add(body);
            path = request.RequestUri.PathAndQuery;
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
