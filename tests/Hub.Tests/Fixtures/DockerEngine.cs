using System.Net.Sockets;

namespace Hub.Tests.Fixtures;

/// <summary>The machine's Docker, as far as tests must know before they ask for a container.</summary>
internal static class DockerEngine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether an engine answers where DOCKER_HOST says, else at the usual sockets; known after a second.</summary>
    public static async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        foreach (var place in Places())
            if (await AnswersAsync(place, cancellationToken))
                return true;
        return false;
    }

    private static IEnumerable<Uri> Places()
    {
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } named)
            return Uri.TryCreate(named, UriKind.Absolute, out var host) ? [host] : [];
        string[] folders = ["/var/run", Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker/run"), Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? ""];
        return folders.Select(folder => Path.Combine(folder, "docker.sock")).Where(File.Exists).Select(socket => new Uri($"unix://{socket}"));
    }

    private static async Task<bool> AnswersAsync(Uri place, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, connecting) => ConnectAsync(place, connecting) }) { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync(new Uri("http://docker/_ping"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(Uri place, CancellationToken cancellationToken)
    {
        var isFile = place.Scheme == "unix";
        var socket = isFile ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await (isFile ? socket.ConnectAsync(new UnixDomainSocketEndPoint(place.AbsolutePath), cancellationToken) : socket.ConnectAsync(place.Host, place.Port, cancellationToken));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
