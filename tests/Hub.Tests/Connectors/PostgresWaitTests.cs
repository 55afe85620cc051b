using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>The first full read waits for transactions of others, and says so.</summary>
public sealed class PostgresWaitTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<TestDatabase> CreateAsync()
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing; INSERT INTO thing VALUES ('a', '1')", Cancel);
        return database;
    }

    [Fact]
    public async Task A_transaction_that_keeps_the_slot_from_being_made_is_named_until_it_ends()
    {
        await using var database = await CreateAsync();
        await using var application = await OpenAsync(database, "BEGIN; INSERT INTO thing VALUES ('b', '1')");
        var source = new ThingSource(database.ConnectionString, $"hub_{database.Name}");
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        var mine = $"pid {application.ProcessID} of '{new NpgsqlConnectionStringBuilder(database.ConnectionString).Username}'";
        await Wait.UntilAsync("the wait is told", () => running.Status.Problem?.Message.Contains(mine, StringComparison.Ordinal) == true, () => running.Status.ToString(), Cancel);
        Assert.Equal((Codes.TransactionsOpen, Severity.Warning), (running.Status.Problem!.Code, running.Status.Problem.Severity));
        Assert.Matches(@" since \d{4}-\d\d-\d\dT", running.Status.Problem.Message);
        Assert.Contains("pg_terminate_backend(", running.Status.Problem.Suggestion);
        Assert.Equal((SourceState.Starting, null), (running.Status.State, running.Status.Snapshot));
        Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(source), Cancel), found => found.Code == Codes.TransactionsOpen && found.Message.Contains(mine, StringComparison.Ordinal));

        await ExecuteAsync(application, "COMMIT");
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1", ["b"] = "1" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        Assert.Null(running.Status.Problem);
    }

    [Fact]
    public async Task A_source_that_is_stopped_while_it_waits_leaves_nothing_behind()
    {
        await using var database = await CreateAsync();
        await using var application = await OpenAsync(database, "BEGIN; INSERT INTO thing VALUES ('b', '1')");
        var source = new ThingSource(database.ConnectionString, $"hub_{database.Name}");
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        await Wait.UntilAsync("the wait is told", () => running.Status.Problem is not null, () => running.Status.ToString(), Cancel);
        await running.StopAsync();
        await Wait.UntilAsync(
            "no slot is left", async () => await database.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()", Cancel) == 0, () => "a slot", Cancel);
    }

    [Fact]
    public async Task A_table_that_is_being_rewritten_when_a_read_goes_on_is_waited_for_and_that_is_told()
    {
        await using var database = await CreateAsync();
        var options = PostgresSourceTests.Options(database, "thing");
        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => PostgresPosition.Parse(read.Positions[^1]).Phase == PostgresPhase.Snapshot, Cancel);
        await using var application = await OpenAsync(database, "BEGIN; ALTER TABLE thing ADD extra float DEFAULT random()");
        var reading = tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await Wait.UntilAsync(
            "the wait is told", () => tape.Waits.ToArray().Any(wait => wait.Message.Contains($"pid {application.ProcessID} ", StringComparison.Ordinal)), () => string.Join("; ", tape.Waits), Cancel);
        await ExecuteAsync(application, "COMMIT");
        await reading;
        Assert.Equal("1", tape.State["a"]);
    }

    private static async Task<NpgsqlConnection> OpenAsync(TestDatabase database, string sql)
    {
        var connection = new NpgsqlConnection(database.With(text => text.Pooling = false));
        await connection.OpenAsync(Cancel);
        await ExecuteAsync(connection, sql);
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
