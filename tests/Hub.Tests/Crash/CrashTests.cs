using Hub.Connectors.Postgres;
using Hub.Demo.Finance;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Crash;

/// <summary>
/// Kills a running Hub again and again at random points, first in the full read and then in the stream while upstream keeps
/// committing, and compares table, log and index in the end.
/// </summary>
public sealed class CrashTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int KillsInSnapshot = 25;
    private const int KillsInStream = 25;
    private const int BatchBytes = 256 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_fifty_times_nothing_is_lost_doubled_or_older_than_it_was()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (database, connection) = await postgres.CreateFinanceAsync(scale: 60_000, Cancel);
        await using var dropped = database;
        var folder = Directory.CreateTempSubdirectory("hub-crash-").FullName;
        try
        {
            var (data, connectors) = (Path.Combine(folder, "data"), Path.Combine(folder, "connectors"));
            Shipped.WriteFinance(connectors, connection, $"hub_{database.Name}");
            await using var activity = await FinanceActivity.OpenAsync(database.ConnectionString, new() { Seed = seed }, TimeProvider.System, Cancel);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var committing = activity.RunAsync(200, stop.Token);

            var (snapshot, stream) = (0, 0);
            while (snapshot + stream < KillsInSnapshot + KillsInStream || stream < KillsInStream)
            {
                // Longer lives once there were kills enough in the full read, so that it comes to its end on a slow machine too.
                await LiveAndDieAsync(data, connectors, TimeSpan.FromMilliseconds(random.Next(snapshot < KillsInSnapshot ? 700 : 4_000)), waits: random.Next(10) > 0);
                if (await PhaseAsync(data) == PostgresPhase.Streaming)
                    stream++;
                else
                    snapshot++;
                output.WriteLine($"{snapshot} + {stream}");
            }

            output.WriteLine($"killed {snapshot} times in the full read, {stream} times in the stream");
            Assert.True(snapshot > 0, "the full read was over before the first kill");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
            await CompareAsync(database, data, connectors);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task LiveAndDieAsync(string data, string connectors, TimeSpan life, bool waits)
    {
        using var hub = ChildHub.Start(data, connectors, BatchBytes);
        // Some die before they serve, most at some point of their work.
        if (waits)
            await hub.WaitUntilServingAsync(Cancel);
        await Task.Delay(life, TimeProvider.System, Cancel);
        await hub.KillAsync(Cancel);
    }

    /// <summary>What the log says the source was at; opening it also shows that the kill left it whole.</summary>
    private static async Task<PostgresPhase> PhaseAsync(string data)
    {
        await using var log = new SqliteLog(new() { Path = Path.Combine(data, "log", "log.db") });
        return await log.ReadCheckpointAsync("finance", Cancel) is { } stored
            ? PostgresPosition.Parse(stored.Checkpoint.Position).Phase
            : PostgresPhase.CreatingSlot;
    }

    private async Task CompareAsync(TestDatabase database, string data, string connectors)
    {
        var end = await database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel);
        await using var hub = await RunningHub.StartAsync(data, Shipped.Schemas, connectors, Cancel);
        await hub.WaitUntilCompleteAsync("finance", end, Cancel);
        var definition = Assert.Single(hub.Definitions);
        var comparison = await Comparison.OfAsync(database.ConnectionString, definition, hub.Catalog, hub.Log, hub.Index, Cancel);
        output.WriteLine(comparison.ToString());
        Assert.True(comparison.Rows > 40_000, comparison.ToString());
        Assert.True(comparison.IsEqual, comparison.ToString());
        Assert.Empty(comparison.Refused);
        Assert.Empty((await LogState.ReadAsync(hub.Log, [.. definition.Tables.Select(table => table.Subject)], Cancel)).Doubles);
    }
}
