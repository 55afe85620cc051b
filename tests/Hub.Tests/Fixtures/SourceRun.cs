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

/// <summary>A source of things in its runner over a log of its own; stopped and started again over the same log, also with other settings.</summary>
public abstract class SourceRun : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-source-");
    private CancellationTokenSource stop = new();
    private SqliteLog? log;
    private SourceRunner? runner;
    private Task running = Task.CompletedTask;

    protected SourceRun() => Catalog = Things.LoadCatalog(folder.FullName);

    public SourceStatus Status => runner!.Status;

    public ILog Log => log!;

    public SchemaCatalog Catalog { get; }

    protected string Folder => folder.FullName;

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
        GC.SuppressFinalize(this);
    }

    public Task WaitForAsync(SourceState state, CancellationToken cancellationToken)
        => Wait.UntilAsync($"the source is {state}", () => Status.State == state, () => Status.ToString(), cancellationToken);

    /// <summary>The names of the things that live, by id, and how many entries the log has of them.</summary>
    public async Task<(SortedDictionary<string, string> Things, int Entries)> ReadAsync(CancellationToken cancellationToken)
    {
        var state = await LogState.ReadAsync(Log, [Things.Subject], cancellationToken);
        var things = state.Live(Things.Subject, Things.Source).ToDictionary(pair => pair.Key["things:".Length..], pair => ExpectedRecord.Of(Catalog, pair.Value.Value)["name"] ?? "(null)");
        return (new(things, StringComparer.Ordinal), state.Entries);
    }

    /// <summary>Waits until the log holds these things and no others.</summary>
    public async Task WaitForThingsAsync(IReadOnlyDictionary<string, string> expected, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, string>();
        await Wait.UntilAsync("the log holds what upstream holds", async () =>
        {
            (found, _) = await ReadAsync(cancellationToken);
            return found.Count == expected.Count && expected.All(pair => found.GetValueOrDefault(pair.Key) == pair.Value);
        }, () => string.Join(", ", found.Take(20)) + "; " + Status, cancellationToken);
    }

    protected async Task StartAsync(SourceDefinition definition, ISource source, CancellationToken cancellationToken)
    {
        log = new(new() { Path = Path.Combine(Folder, "log", "log.db") });
        // The runner makes its topics itself, but a test may look before it has.
        await log.EnsureTopicAsync(Things.Subject, new SourceRunnerOptions().Partitions, cancellationToken);
        var deadLetters = new DeadLetterBook(Catalog, TimeProvider.System);
        await deadLetters.LoadAsync(log, cancellationToken);
        var freshness = new Freshness();
        runner = new(
            source, new(definition, Catalog, log, deadLetters, freshness), log, deadLetters, freshness,
            new() { RestartDelay = TimeSpan.FromMilliseconds(50), MaxRestartDelay = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLogger<SourceRunner>.Instance);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running = runner.RunAsync(stop.Token);
    }
}
