using System.Diagnostics;
using System.Globalization;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Index.Elasticsearch;
using Hub.Index.Lucene;

namespace Hub.Benchmarks.Engine;

/// <summary>
/// How long ten kinds of searches take over many payment details, on the embedded index and on the engine, one search at a time. No two
/// in a row are equal, so that no answer is taken from memory. HUB_BENCH_DOCUMENTS makes it fewer documents than a million.
/// </summary>
internal sealed class SearchBenchmark(TextWriter output, FinanceRecords records)
{
    private const int Warm = 30;
    private const int Runs = 300;

    private readonly int count = int.TryParse(Environment.GetEnvironmentVariable("HUB_BENCH_DOCUMENTS"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 1_000_000;

    private readonly record struct Figure(long Matches, double Median, double Slow);

    public async Task RunAsync(string folder, CancellationToken cancellationToken)
    {
        await using var lucene = new LuceneIndex(new LuceneIndexOptions { Folder = folder }, records.Catalog);
        await FillAsync("the embedded index", lucene, cancellationToken);
        Write("embedded index", await SearchAsync(lucene, cancellationToken));
        if (BenchmarkEngine.Find(output) is not { } engine)
            return;
        await using var _ = engine;
        await using var index = new ElasticsearchIndex(engine.Options('s'), records.Catalog);
        var name = await engine.NameAsync(cancellationToken);
        await FillAsync(name, index, cancellationToken);
        Write(name, await SearchAsync(index, cancellationToken));
    }

    private async Task FillAsync(string name, IIndex index, CancellationToken cancellationToken)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Filling {name} with {count:N0} {records.Schema.Subject}; this takes minutes."));
        await index.AttachAsync("benchmark", cancellationToken);
        var outcomes = new List<WriteOutcome>();
        var (written, told) = (0, 0);
        var watch = new Stopwatch();
        foreach (var batch in records.Batches(count))
        {
            watch.Start();
            await index.WriteAsync(batch, outcomes, cancellationToken);
            watch.Stop();
            written += batch.Count;
            if (written - told < 100_000 && written < count)
                continue;
            told = written;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {written,9:N0} documents, {written / watch.Elapsed.TotalSeconds:N0} a second"));
        }

        await index.CommitAsync(new Dictionary<TopicPartition, long> { [new(records.Schema.Subject, 0)] = count }, cancellationToken);
        await index.RefreshAsync(cancellationToken);
    }

    private async Task<List<Figure>> SearchAsync(IIndex index, CancellationToken cancellationToken)
    {
        var figures = new List<Figure>();
        foreach (var (_, make) in SearchKinds.All)
            figures.Add(await SearchAsync(index, make, cancellationToken));
        return figures;
    }

    /// <summary>A kind that turns pages goes on where it was, deeper with each.</summary>
    private static async Task<Figure> SearchAsync(IIndex index, Func<int, string?, SearchQuery> make, CancellationToken cancellationToken)
    {
        List<double> times = [], matches = [];
        string? cursor = null;
        for (var run = -Warm; run < Runs; run++)
        {
            var query = make(run + Warm, cursor);
            var start = Stopwatch.GetTimestamp();
            var result = await index.SearchAsync(query, cancellationToken);
            var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            cursor = result.NextCursor;
            if (run < 0)
                continue;
            times.Add(time);
            matches.Add(result.Total);
        }

        times.Sort();
        matches.Sort();
        return new((long)matches[Runs / 2], times[Runs / 2], times[Runs * 99 / 100]);
    }

    private void Write(string name, List<Figure> figures)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, {count:N0} documents, {Runs} searches of each kind"));
        foreach (var ((kind, _), figure) in SearchKinds.All.Zip(figures))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind,-44} {figure.Matches,9:N0} matches   p50 {figure.Median,7:F1} ms   p99 {figure.Slow,7:F1} ms"));
    }
}
