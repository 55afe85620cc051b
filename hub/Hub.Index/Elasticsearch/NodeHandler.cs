namespace Hub.Index.Elasticsearch;

/// <summary>Gives each try of a request to a node: in turn, those that failed last not for a while.</summary>
internal sealed class NodeHandler(ElasticsearchOptions options) : DelegatingHandler
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private static readonly HttpRequestOptionsKey<string> Asked = new("hub.path");

    private readonly string[] nodes = [.. options.Nodes.Select(node => node.GetLeftPart(UriPartial.Path).TrimEnd('/'))];
    private readonly long[] restsUntil = new long[options.Nodes.Count];
    private readonly string? authorization = options.Authorization;
    private int turn = -1;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var node = Choose();
        Address(request, nodes[node]);
        var began = options.Time.GetTimestamp();
        try
        {
            var response = await ReceiveAsync(request, cancellationToken);
            Volatile.Write(ref restsUntil[node], 0);
            return response;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && options.Time.GetElapsedTime(began) >= options.Timeout))
        {
            Volatile.Write(ref restsUntil[node], options.Time.GetTimestamp() + (long)(Rest.TotalSeconds * options.Time.TimestampFrequency));
            throw;
        }
    }

    /// <summary>A request comes here again, as the last try left it.</summary>
    private void Address(HttpRequestMessage request, string node)
    {
        if (!request.Options.TryGetValue(Asked, out var path))
            request.Options.Set(Asked, path = request.RequestUri!.PathAndQuery);
        request.RequestUri = new Uri($"{node}{path}");
        if (authorization is null)
            return;
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
    }

    /// <summary>The whole answer: one that stops in the middle is a failure of this try, within the time that a try may take.</summary>
    private async Task<HttpResponseMessage> ReceiveAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        try
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private int Choose()
    {
        var now = options.Time.GetTimestamp();
        var first = Interlocked.Increment(ref turn) & int.MaxValue;
        for (var i = 0; i < nodes.Length; i++)
            if (Volatile.Read(ref restsUntil[(first + i) % nodes.Length]) <= now)
                return (first + i) % nodes.Length;
        return first % nodes.Length;
    }
}
