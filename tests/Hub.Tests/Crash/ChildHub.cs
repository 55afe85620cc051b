using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Hub.Tests.Fixtures;

namespace Hub.Tests.Crash;

/// <summary><c>hub run</c> as a process of its own, so that it can be killed as the system kills: at once, with nothing tidied up.</summary>
internal sealed class ChildHub : IDisposable
{
    private readonly Process process;
    private readonly TaskCompletionSource streaming = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> lines = [];

    private ChildHub(string data, string connectors, Uri address, int batchBytes, string[] more)
    {
        Address = address;
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "hub.dll"), "run", "--set", $"data={data}", "--set", $"schemas={Shipped.Schemas}",
                "--set", $"connectors={connectors}", "--set", $"address={address}", "--set", $"batchBytes={batchBytes}", "--set", "commitInterval=200ms",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in more)
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    /// <param name="more">Further arguments of the command line.</param>
    public static ChildHub Start(string data, string connectors, int batchBytes, params string[] more)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var address = new Uri($"http://{free.LocalEndpoint}");
        free.Stop();
        return new(data, connectors, address, batchBytes, more);
    }

    /// <summary>Ends when Hub says that a source streams, or when Hub ends.</summary>
    public Task Streaming => streaming.Task;

    /// <summary>Waits for what Hub does; <see cref="KillAsync"/> tells whether it ended instead.</summary>
    public async Task WaitForAsync(Task progress, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(progress, process.WaitForExitAsync(cancellationToken)).WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"hub came no further for two minutes: {Output}");
        }
    }

    public string Output
    {
        get
        {
            lock (lines)
                return string.Join(Environment.NewLine, lines);
        }
    }

    /// <summary>SIGKILL; returns once the process is gone.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (process.HasExited)
            throw new InvalidOperationException($"hub ended by itself with {process.ExitCode}: {Output}");
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            // The process has ended; whoever waits shall look why.
            streaming.TrySetResult();
            return;
        }

        lock (lines)
            lines.Add(line);
        if (line.Contains("is now Streaming", StringComparison.Ordinal))
            streaming.TrySetResult();
    }
}
