using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Hub.Tests.Fixtures;

/// <summary>
/// A way to a test's database on which one statement is held back, the first time it is sent, until something else has happened
/// there; so a test decides what comes between two steps of a source.
/// </summary>
public sealed class PausingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly NpgsqlConnectionStringBuilder server;
    private readonly byte[] statement;
    private readonly Func<Task> meanwhile;
    private readonly TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task accepting;
    private int isHeld;

    /// <param name="statement">Part of the statement's text.</param>
    public PausingProxy(TestDatabase database, string statement, Func<Task> meanwhile)
    {
        server = new(database.ConnectionString);
        this.statement = Encoding.UTF8.GetBytes(statement);
        this.meanwhile = meanwhile;
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        ConnectionString = database.With(connection => (connection.Host, connection.Port, connection.SslMode) = ("127.0.0.1", port, SslMode.Disable));
        accepting = AcceptAsync();
    }

    public string ConnectionString { get; }

    /// <summary>Ends when what had to happen meanwhile has; fails as it failed.</summary>
    public Task Held => held.Task;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var upstream = new TcpClient())
        {
            try
            {
                await upstream.ConnectAsync(server.Host!, server.Port, stop.Token);
                var (down, up) = (client.GetStream(), upstream.GetStream());
                await Task.WhenAny(up.CopyToAsync(down, stop.Token), ForwardAsync(down, up));
            }
            catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
            {
                // One side is gone: closing both tells the other.
            }
        }
    }

    private async Task ForwardAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, stop.Token) is > 0 and var read)
        {
            if (buffer.AsSpan(0, read).IndexOf(statement) >= 0 && Interlocked.Exchange(ref isHeld, 1) == 0)
                await HoldAsync();
            await to.WriteAsync(buffer.AsMemory(0, read), stop.Token);
        }
    }

    private async Task HoldAsync()
    {
        try
        {
            await meanwhile();
            held.SetResult();
        }
        catch (Exception failure)
        {
            held.SetException(failure);
        }
    }
}
