using Hub.Connectors.Postgres;
using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Log.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hub.Tests.Fixtures;

/// <summary>The settings of a source that reads one table of things, <c>id</c> and <c>name</c>.</summary>
public sealed record ThingSource(string Connection, string Slot, string Publication = "hub", string Table = "public.thing", string Key = "id");

/// <summary>A PostgreSQL source in its runner over a log of its own; stopped and started again over the same log, also with other settings.</summary>
public sealed class RunningSource : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-source-");
    private readonly SchemaCatalog catalog;
    private CancellationTokenSource stop = new();
    private SqliteLog? log;
    private SourceRunner? runner;
    private Task running = Task.CompletedTask;

    public RunningSource() => catalog = Things.LoadCatalog(folder.FullName);

    public SourceStatus Status => runner!.Status;

    public ILog Log => log!;

    public PostgresSourceOptions Options(ThingSource source) => PostgresSourceOptions.From(Define(source)) with { Heartbeat = TimeSpan.FromMilliseconds(50) };

    public async Task StartAsync(ThingSource source, CancellationToken cancellationToken)
    {
        var definition = Define(source);
        log = new(new() { Path = Path.Combine(folder.FullName, "log", "log.db") });
        // The runner makes its topics itself, but a test may look before it has.
        await log.EnsureTopicAsync(Things.Subject, new SourceRunnerOptions().Partitions, cancellationToken);
        var deadLetters = new DeadLetterBook(catalog, TimeProvider.System);
        await deadLetters.LoadAsync(log, cancellationToken);
        var freshness = new Freshness();
        runner = new(
            new PostgresSource(Options(source), TimeProvider.System), new(definition, catalog, log, deadLetters, freshness), log, deadLetters, freshness,
            new() { RestartDelay = TimeSpan.FromMilliseconds(50), MaxRestartDelay = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLogger<SourceRunner>.Instance);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running = runner.RunAsync(stop.Token);
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
        }

        stop.Dispose();
        stop = new();
        if (log is not null)
            await log.DisposeAsync();
        log = null;
        running = Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
        folder.Delete(recursive: true);
    }

    public Task WaitForAsync(SourceState state, CancellationToken cancellationToken)
        => Wait.UntilAsync($"the source is {state}", () => Status.State == state, () => Status.ToString(), cancellationToken);

    /// <summary>Waits until the log holds these things and no others.</summary>
    public async Task WaitForThingsAsync(IReadOnlyDictionary<string, string> expected, CancellationToken cancellationToken)
    {
        var things = new Dictionary<string, string>();
        await Wait.UntilAsync("the log holds what the table holds", async () =>
        {
            var state = await LogState.ReadAsync(log!, [Things.Subject], cancellationToken);
            things = state.Live(Things.Subject, Things.Source).ToDictionary(pair => pair.Key["things:".Length..], pair => ExpectedRecord.Of(catalog, pair.Value.Value)["name"] ?? "(null)");
            return things.Count == expected.Count && expected.All(pair => things.GetValueOrDefault(pair.Key) == pair.Value);
        }, () => string.Join(", ", things.Select(pair => $"{pair.Key}={pair.Value}")) + "; " + Status, cancellationToken);
    }

    private SourceDefinition Define(ThingSource source)
        => Things.Define(folder.FullName, catalog, source.Connection, source.Publication, source.Slot, source.Table, source.Key);
}
