using Hub.Benchmarks.Capture;
using Hub.Benchmarks.Codec;
using Hub.Benchmarks.Debezium;
using Hub.Benchmarks.EndToEnd;
using Hub.Benchmarks.Engine;
using Hub.Benchmarks.Index;
using Hub.Benchmarks.Kafka;
using Hub.Benchmarks.Log;

// Usage: Hub.Benchmarks [codec] [debezium] [log] [kafka] [index] [encoder] [engine] [search] [capture] [end-to-end]; no name runs all. Every figure is printed beside what it
// is measured against, in the same run.
var repository = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(repository, "Hub.sln")))
    repository = Path.GetDirectoryName(repository) ?? throw new DirectoryNotFoundException("Run the benchmarks inside the repository.");

if (args is [BenchmarkBroker.Argument])
{
    await BenchmarkBroker.ServeAsync();
    return;
}

(string Name, Func<string, Task> Run)[] benchmarks =
[
    ("codec", _ =>
    {
        CodecBenchmark.Run(Console.Out, repository);
        return Task.CompletedTask;
    }),
    ("debezium", _ =>
    {
        DebeziumBenchmark.Run(Console.Out, repository);
        return Task.CompletedTask;
    }),
    ("log", _ => LogBenchmark.RunAsync(Console.Out, CancellationToken.None)),
    ("kafka", _ => KafkaBenchmark.RunAsync(Console.Out, repository, CancellationToken.None)),
    ("index", _ => IndexBenchmark.RunAsync(Console.Out, CancellationToken.None)),
    ("encoder", _ =>
    {
        EncoderBenchmark.Run(Console.Out, repository);
        return Task.CompletedTask;
    }),
    ("engine", _ => EngineBenchmark.RunAsync(Console.Out, repository, CancellationToken.None)),
    ("search", folder => new SearchBenchmark(Console.Out, FinanceRecords.Load(repository, "finance.paymentDetail")).RunAsync(folder, CancellationToken.None)),
    ("capture", folder => new CaptureBenchmark(Console.Out, rows: 1_000_000, rounds: 3).RunAsync(folder, repository, CancellationToken.None)),
    ("end-to-end", folder => new EndToEndBenchmark(Console.Out, rows: 1_000_000, changesPerSecond: 1_000).RunAsync(folder, repository, CancellationToken.None)),
];

foreach (var (name, run) in benchmarks.Where(benchmark => args.Length == 0 || args.Contains(benchmark.Name)))
{
    Console.WriteLine($"== {name}");
    var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"hub-bench-{Guid.NewGuid():N}")).FullName;
    try
    {
        await run(folder);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}
