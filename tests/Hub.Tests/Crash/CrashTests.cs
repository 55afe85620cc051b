using Hub.Connectors.Postgres;
using Hub.Demo.Finance;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Hub.Tests.Crash;

/// <summary>
/// Kills a running Hub again and again, first in the full read and then in the stream while upstream keeps committing, and compares table,
/// log and index in the end. A life ends when so many bytes have come from upstream, by chance more or fewer; a kill counts when the log
/// shows that this life brought the source on.
/// </summary>
public sealed class CrashTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int KillsInSnapshot = 25;
    private const int KillsInStream = 25;
    private const int MaxLives = 120;
    private const int BatchBytes = 64 * 1024;

    /// <summary>Far less than the 25th part of the full read, which therefore lasts longer than its kills.</summary>
    private const int SnapshotBytes = 400 * 1024;
    private const int StreamBytes = 64 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_fifty_times_nothing_is_lost_doubled_or_older_than_it_was()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var (database, connection) = await postgres.CreateFinanceAsync(scale: 60_000, Cancel);
        await using var dropped = database;
        var folder = Directory.CreateTempSubdirectory("hub-crash-").FullName;
        try
        {
            var (data, connectors) = (Path.Combine(folder, "data"), Path.Combine(folder, "connectors"));
            var source = new Upstream(connection, $"hub_{database.Name}", connectors);
            await using var activity = await FinanceActivity.OpenAsync(database.ConnectionString, new() { Seed = seed }, TimeProvider.System, Cancel);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var committing = activity.RunAsync(200, stop.Token);
            await KillAsync(data, source, new Random(seed));
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
            source.WriteDefinition(null);
            await CompareAsync(database, data, connectors);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The upstream as the child's definition names it.</summary>
    private sealed record Upstream(string Connection, string Slot, string Connectors)
    {
        private readonly NpgsqlConnectionStringBuilder direct = new(Connection);

        public MeteredUpstream Meter(long allowance) => new(direct.Host!, direct.Port, allowance);

        public void WriteDefinition(int? port)
        {
            var through = new NpgsqlConnectionStringBuilder(Connection);
            if (port is { } given)
                (through.Host, through.Port, through.SocketReceiveBufferSize) = ("127.0.0.1", given, MeteredUpstream.BufferBytes);
            Shipped.WriteFinance(Connectors, through.ConnectionString, Slot);
        }
    }

    private async Task KillAsync(string data, Upstream source, Random random)
    {
        var (snapshot, stream, lives) = (0, 0, 0);
        // What a start takes before anything new comes; the first lives, with too little, die before they begin.
        var start = 16 * 1024L;
        PostgresPosition? before = null;
        while (snapshot < KillsInSnapshot || stream < KillsInStream)
        {
            Assert.True(++lives <= MaxLives, $"after {MaxLives} lives only {snapshot} kills in the full read and {stream} in the stream");
            var isStreaming = before?.Phase == PostgresPhase.Streaming;
            long? allowance = isStreaming ? start + random.Next(StreamBytes) : snapshot < KillsInSnapshot ? start + random.Next(SnapshotBytes) : null;
            await LiveAndDieAsync(data, source, allowance);
            var after = await PositionAsync(data);
            if (isStreaming && (after!.CommitLsn, after.Index) != (before!.CommitLsn, before.Index))
                stream++;
            else if (after?.Phase == PostgresPhase.Snapshot && after.RowsRead > (before?.RowsRead ?? 0))
                snapshot++;
            else
                start += start / 2;
            Assert.True(after?.Phase != PostgresPhase.Streaming || snapshot >= KillsInSnapshot, $"the full read was over after {snapshot} kills");
            before = after;
            output.WriteLine($"{snapshot} + {stream} of {lives}");
        }
    }

    /// <param name="allowance">The bytes of its life; null: until it streams.</param>
    private static async Task LiveAndDieAsync(string data, Upstream source, long? allowance)
    {
        await using var upstream = source.Meter(allowance ?? long.MaxValue);
        source.WriteDefinition(upstream.Port);
        using var hub = ChildHub.Start(data, source.Connectors, BatchBytes);
        await hub.WaitForAsync(allowance is null ? hub.Streaming : upstream.Spent, Cancel);
        await hub.KillAsync(Cancel);
    }

    /// <summary>Where the log says the source was; opening it also shows that the kill left it whole.</summary>
    private static async Task<PostgresPosition?> PositionAsync(string data)
    {
        await using var log = new SqliteLog(new() { Path = Path.Combine(data, "log", "log.db") });
        return await log.ReadCheckpointAsync("finance", Cancel) is { } stored ? PostgresPosition.Parse(stored.Checkpoint.Position) : null;
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
