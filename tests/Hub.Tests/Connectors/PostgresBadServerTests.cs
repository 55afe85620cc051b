using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Demo.Postgres;
using Hub.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>What can be wrong with a whole server; on a cluster of its own, which is restarted with other settings on the way.</summary>
public sealed class PostgresBadServerTests(PostgresFixture postgres) : IAsyncDisposable
{
    private const string Thing = "DROP TABLE IF EXISTS thing; CREATE TABLE thing (id text PRIMARY KEY, name text); INSERT INTO thing VALUES ('a', '1'); DROP PUBLICATION IF EXISTS hub; CREATE PUBLICATION hub FOR TABLE thing";

    // Not CreateTempSubdirectory: the server runs as another user when the tests run as root, and must get in.
    private readonly DirectoryInfo folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"hub-test-server-{Guid.NewGuid():N}"));
    private PostgresCluster? cluster;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (cluster is not null)
            await cluster.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_server_that_cannot_be_read_is_refused_with_what_to_change()
    {
        var source = await RestartAsync(("wal_level", "replica"));
        await ExecuteAsync(Thing);
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        var finding = running.Status.Problem!;
        Assert.Equal(Codes.WalLevel, finding.Code);
        Assert.Equal("the server's wal_level is 'replica', so its changes cannot be read.", finding.Message);
        Assert.Contains("ALTER SYSTEM SET wal_level = logical; then restart the server", finding.Suggestion);
        Assert.Contains(finding, await PostgresDoctor.ExamineAsync(running.Options(source), Cancel));
        await running.StopAsync();

        // One is free, and Hub needs two while it begins.
        source = await RestartAsync(("wal_level", "logical"), ("max_replication_slots", "2"));
        await ExecuteAsync("SELECT pg_create_physical_replication_slot('backup')");
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        finding = running.Status.Problem!;
        Assert.Equal(Codes.NoFreeSlot, finding.Code);
        Assert.Contains("the server has no free replication slot", finding.Message);
        Assert.Contains("Raise max_replication_slots", finding.Suggestion);
        Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(source), Cancel), found => found.Code == Codes.NoFreeSlot);
        await running.StopAsync();

        // Mended the other way the suggestion names; the checkpoint of the failed attempt is no hindrance.
        await ExecuteAsync("SELECT pg_drop_replication_slot('backup')");
        await running.StartAsync(source, Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);

        // The server goes down and comes back while the source streams: it waits, and goes on.
        source = await RestartAsync(("wal_level", "logical"), ("max_replication_slots", "1"));
        await ExecuteAsync("UPDATE thing SET name = '2'");
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "2" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        await running.StopAsync();

        // The same settings lead to another server: its positions mean nothing here.
        await using var elsewhere = await postgres.CreateDatabaseAsync(Cancel);
        await elsewhere.ExecuteAsync(Thing, Cancel);
        await running.StartAsync(source with { Connection = elsewhere.ConnectionString }, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        finding = running.Status.Problem!;
        Assert.Equal(Codes.SourceReplaced, finding.Code);
        Assert.Matches("is another one \\(system \\d+\\) than the one read so far \\(system \\d+\\)", finding.Message);
        Assert.Contains("Connect to the right server", finding.Suggestion);
        Assert.Equal(0, await elsewhere.ScalarAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{source.Slot}'", Cancel));
        await running.StopAsync();

        // Replaced for good: a new slot name is a new generation on the new server.
        await running.StartAsync(source with { Connection = elsewhere.ConnectionString, Slot = $"hub_{elsewhere.Name}" }, Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
        // Before its database is dropped, which was declared after it.
        await running.StopAsync();
    }

    [Fact]
    public async Task A_slot_whose_changes_the_server_has_discarded_stops_the_source_and_the_doctor_finds_it()
    {
        var source = await RestartAsync(("wal_level", "logical"), ("max_slot_wal_keep_size", "1MB"), ("max_wal_size", "32MB"), ("min_wal_size", "32MB"));
        await ExecuteAsync(Thing);
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        await running.StopAsync();
        for (var i = 0; i < 4; i++)
        {
            await ExecuteAsync("UPDATE thing SET name = name");
            await ExecuteAsync("SELECT pg_switch_wal()");
            await ExecuteAsync("CHECKPOINT");
        }

        Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(source), Cancel), found => found is { Code: Codes.SlotLost, Severity: Severity.Error });
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        Assert.Equal(Codes.SlotLost, running.Status.Problem!.Code);
        Assert.Contains("max_slot_wal_keep_size", running.Status.Problem.Message);
    }

    private async Task<ThingSource> RestartAsync(params (string Name, string Value)[] settings)
    {
        if (cluster is not null)
            await cluster.DisposeAsync();
        cluster = new(new() { Folder = folder.FullName, Fsync = false, Settings = settings.ToDictionary(each => each.Name, each => each.Value) }, TimeProvider.System);
        try
        {
            await cluster.StartAsync(Cancel);
        }
        catch (PostgresMissingException failure)
        {
            Assert.Skip(failure.Message);
        }

        return new(cluster.ConnectionString(), "hub_things");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(cluster!.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
