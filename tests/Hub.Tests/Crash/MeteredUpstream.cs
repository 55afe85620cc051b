using System.Net;
using System.Net.Sockets;

namespace Hub.Tests.Crash;

/// <summary>
/// Stands between Hub and its upstream and lets so many bytes of it through, and no more. So a test decides how far Hub comes, on a
/// fast machine and on a slow one. For one life of a Hub.
/// </summary>
internal sealed class MeteredUpstream : IAsyncDisposable
{
    /// <summary>Small, like the one that Hub is told to take: what is let through is with Hub, not on its way.</summary>
    public const int BufferBytes = 16 * 1024;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly TaskCompletionSource spent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly (string Host, int Port) upstream;
    private readonly Task accepting;
    private long allowance;

    public MeteredUpstream(string host, int port, long allowance)
    {
        (upstream, this.allowance) = ((host, port), allowance);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Ends when all that may come through is through.</summary>
    public Task Spent => spent.Task;

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await accepting;
        listener.Dispose();
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
                relays.Add(RelayAsync(await listener.AcceptTcpClientAsync(closing.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }

    /// <summary>When either side goes, so does the other.</summary>
    private async Task RelayAsync(TcpClient hub)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
        using var server = new TcpClient();
        using (hub)
        {
            hub.SendBufferSize = BufferBytes;
            hub.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(upstream.Host, upstream.Port, CancellationToken.None);
            await Task.WhenAny(CopyAsync(hub, server, isMetered: false, ended.Token), CopyAsync(server, hub, isMetered: true, ended.Token));
            await ended.CancelAsync();
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool isMetered, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                var granted = isMetered ? Take(read) : read;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, granted), cancellationToken);
                if (granted == read)
                    continue;
                spent.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two is gone, as it should be.
        }
    }

    private int Take(int wanted)
    {
        var before = Interlocked.Add(ref allowance, -wanted) + wanted;
        return (int)Math.Clamp(before, 0, wanted);
    }
}
