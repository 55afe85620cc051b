using System.Diagnostics;
using Hub.Tests.Fixtures.Kafka;

namespace Hub.Benchmarks.Kafka;

/// <summary>The broker of the tests in a process of its own, so that what it takes and allocates is nobody's else.</summary>
internal sealed class BenchmarkBroker : IDisposable
{
    public const string Argument = "kafka-broker";

    private readonly Process process;

    private BenchmarkBroker(Process process, string bootstrap) => (this.process, Bootstrap) = (process, bootstrap);

    public string Bootstrap { get; }

    public static async Task<BenchmarkBroker> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(BenchmarkBroker).Assembly.Location, Argument }, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        return new(process, await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The broker did not start."));
    }

    /// <summary>What the child does: serves until its parent is gone.</summary>
    public static async Task ServeAsync()
    {
        await using var broker = new TransactionalBroker();
        Console.WriteLine(broker.Bootstrap);
        await Console.In.ReadToEndAsync();
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
