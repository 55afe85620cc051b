using Hub.Core.DeadLetters;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Index.Lucene;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>A real log and a real index in a folder, on a clock that only the test moves.</summary>
public abstract class PipelineParts : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-parts-");

    protected PipelineParts()
    {
        Catalog = Things.LoadCatalog(folder.FullName);
        Log = new(new() { Path = Path.Combine(folder.FullName, "log", "log.db"), Time = Clock });
        DeadLetters = new(Catalog, Clock);
    }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));

    protected SchemaCatalog Catalog { get; }

    protected SqliteLog Log { get; }

    protected DeadLetterBook DeadLetters { get; }

    protected Freshness Freshness { get; } = new();

    protected string Folder => folder.FullName;

    protected string IndexFolder => Path.Combine(folder.FullName, "index");

    public virtual async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    protected LuceneIndex OpenIndex() => new(new() { Folder = IndexFolder }, Catalog);

    /// <summary>Waits, and lets the clock go on by a little with every look.</summary>
    protected Task AdvanceUntilAsync(string what, Func<ValueTask<bool>> holds, TimeSpan step)
        => Wait.UntilAsync(what, async () =>
        {
            if (await holds())
                return true;
            Clock.Advance(step);
            return false;
        }, () => $"nothing of it at {Clock.GetUtcNow():O}", Cancel);
}
