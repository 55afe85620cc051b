using System.Diagnostics;
using System.Globalization;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Index.Elasticsearch;

namespace Hub.Benchmarks.Engine;

/// <summary>
/// Payment details into a search engine by Hub, from records of the log to an outcome for each, and by a bare client that posts the same lines, made
/// beforehand, in the same requests and as many at once; turn and turn about, each time into a new index with the same settings and mapping.
/// </summary>
public static class EngineBenchmark
{
    private const int Documents = 60_000;
    private const int Rounds = 7;

    private readonly record struct Figure(double PerSecond, double MicrosecondsEach);

    public static async Task RunAsync(TextWriter output, string repository, CancellationToken cancellationToken)
    {
        if (BenchmarkEngine.Find(output) is not { } engine)
            return;
        await using var _ = engine;
        var records = FinanceRecords.Load(repository, "finance.paymentDetail");
        var batches = records.Keep(Documents);
        using var requests = new PreparedRequests();
        // Also for the compilers of both sides.
        var prefix = engine.Options('0').Prefix;
        await HubAsync(engine, '0', records, batches, requests, cancellationToken);
        var name = await engine.NameAsync(cancellationToken);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Documents:N0} {records.Schema.Subject} a round into {name}, batches of 2 MB of the log, {requests.Count} requests of {requests.Bytes / 1e6 / requests.Count:F1} MB, {engine.Options('0').Concurrency} at once; the median of {Rounds} rounds"));

        List<Figure> ofHub = [], ofBare = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var (one, other) = ((char)('a' + 2 * round), (char)('b' + 2 * round));
            // By turns, lest one of them always meet what the engine still does for the other.
            if (round % 2 == 0)
                ofHub.Add(await HubAsync(engine, one, records, batches, null, cancellationToken));
            requests.Turn(prefix, prefix = engine.Options(other).Prefix);
            ofBare.Add(await BareAsync(engine, other, records, requests, cancellationToken));
            if (round % 2 != 0)
                ofHub.Add(await HubAsync(engine, one, records, batches, null, cancellationToken));
            output.WriteLine(Line($"  round {round}{(round == 0 ? ", not counted" : "")}", ofHub[^1], ofBare[^1]));
        }

        Write(output, ofHub[1..], ofBare[1..]);
    }

    private static async Task<Figure> HubAsync(
        BenchmarkEngine engine, char sign, FinanceRecords records, IReadOnlyList<LogBatch> batches, PreparedRequests? requests, CancellationToken cancellationToken)
    {
        var options = engine.Options(sign);
        await using var index = new ElasticsearchIndex(options, records.Catalog, requests);
        await index.AttachAsync("benchmark", cancellationToken);
        var outcomes = new List<WriteOutcome>();
        var figure = await MeasureAsync(async () =>
        {
            foreach (var batch in batches)
            {
                await index.WriteAsync(batch, outcomes, cancellationToken);
                if (outcomes.Find(outcome => outcome != WriteOutcome.Applied) is { } other)
                    throw new InvalidOperationException($"{other}");
            }
        });
        await engine.ClearAsync(options.Prefix);
        return figure;
    }

    private static async Task<Figure> BareAsync(BenchmarkEngine engine, char sign, FinanceRecords records, PreparedRequests requests, CancellationToken cancellationToken)
    {
        var options = engine.Options(sign);
        await using (var index = new ElasticsearchIndex(options, records.Catalog))
            await index.AttachAsync("benchmark", cancellationToken);
        var figure = await MeasureAsync(() => requests.PostAsync(engine.Http, options, cancellationToken));
        await engine.ClearAsync(options.Prefix);
        return figure;
    }

    private static async Task<Figure> MeasureAsync(Func<Task> work)
    {
        GC.Collect();
        var (start, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await work();
        return new(Documents / Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Documents);
    }

    private static void Write(TextWriter output, List<Figure> ofHub, List<Figure> ofBare)
    {
        List<double> ratios = [.. ofHub.Zip(ofBare, (one, other) => one.PerSecond / other.PerSecond).Order()];
        output.WriteLine(Line("  median", Median(ofHub), Median(ofBare)));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Hub ÷ bare client: {ratios[Rounds / 2]:F2} (from {ratios[0]:F2} to {ratios[^1]:F2}; aim 0.9 or more)"));
    }

    private static Figure Median(List<Figure> figures)
        => new(figures.Select(figure => figure.PerSecond).Order().ElementAt(Rounds / 2), figures.Select(figure => figure.MicrosecondsEach).Order().ElementAt(Rounds / 2));

    private static string Line(string name, Figure hub, Figure bare)
        => string.Create(CultureInfo.InvariantCulture, $"{name,-24}Hub {hub.PerSecond,8:N0} documents/s, {hub.MicrosecondsEach,4:F1} µs of its own each   bare client {bare.PerSecond,8:N0} documents/s, {bare.MicrosecondsEach,4:F1} µs   {hub.PerSecond / bare.PerSecond:F2}");
}
