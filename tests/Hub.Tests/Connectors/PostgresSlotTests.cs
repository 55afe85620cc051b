using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Whose slot it is: Hub takes none away from others, and follows none but its own.</summary>
public sealed class PostgresSlotTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<TestDatabase> CreateAsync()
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing; INSERT INTO thing VALUES ('a', '1')", Cancel);
        return database;
    }

    private static PostgresSourceOptions Options(TestDatabase database) => PostgresSourceTests.Options(database, "thing");

    private static SourceTape Tape(PostgresSourceOptions options) => new(new PostgresSource(options, TimeProvider.System));

    [Theory]
    [InlineData("START_REPLICATION", "SELECT pg_drop_replication_slot('{0}'); SELECT pg_create_logical_replication_slot('{0}', 'pgoutput')")]
    [InlineData("START_REPLICATION", "SELECT pg_replication_slot_advance('{0}', pg_current_wal_lsn())")]
    [InlineData("FROM \"public\".\"thing\" ORDER BY", "SELECT pg_drop_replication_slot('{0}'); SELECT pg_create_logical_replication_slot('{0}', 'pgoutput')")]
    public async Task A_slot_that_is_changed_after_it_was_looked_at_stops_the_source(string before, string harm)
    {
        await using var database = await CreateAsync();
        var options = Options(database);
        await using var proxy = new PausingProxy(database, before, async () =>
        {
            await database.ExecuteAsync("INSERT INTO thing VALUES ('lost', '1')", Cancel);
            await database.ExecuteAsync(string.Format(null, harm, options.Slot), Cancel);
        });
        var tape = Tape(options with { ConnectionString = proxy.ConnectionString });
        var failure = await Assert.ThrowsAsync<HubException>(() => tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel));
        await proxy.Held;
        Assert.False(failure.IsTransient);
        Assert.Equal(Codes.SlotLost, failure.Findings[0].Code);
        Assert.Contains("past Hub's checkpoint", failure.Findings[0].Message);
    }

    [Fact]
    public async Task A_slot_that_comes_up_before_Hub_has_made_its_own_is_left_alone()
    {
        await using var database = await CreateAsync();
        var options = Options(database);
        var made = $"SELECT pg_create_logical_replication_slot('{options.Slot}', 'pgoutput')";
        await using var proxy = new PausingProxy(database, "pg_copy_logical_replication_slot", () => database.ExecuteAsync(made, Cancel));
        var tape = Tape(options with { ConnectionString = proxy.ConnectionString });
        await RefusedAsync(tape, database, options);
        await proxy.Held;
        // And at the next start.
        await RefusedAsync(tape, database, options);
        Assert.DoesNotContain(tape.Changes, change => change.Operation == Operation.Snapshot);

        await database.ExecuteAsync($"SELECT pg_drop_replication_slot('{options.Slot}')", Cancel);
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        Assert.Equal("1", tape.State["a"]);
    }

    [Fact]
    public async Task A_slot_made_right_before_a_crash_is_Hubs_own_and_read_on()
    {
        await using var database = await CreateAsync();
        var options = Options(database);
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => PhaseOf(read) == PostgresPhase.Snapshot, Cancel);
        Assert.Equal(PostgresPhase.CreatingSlot, PostgresPosition.Parse(tape.Positions[0]).Phase);
        await database.ExecuteAsync("UPDATE thing SET name = '2'; INSERT INTO thing VALUES ('b', '1')", Cancel);

        var next = tape.From(0, new PostgresSource(options, TimeProvider.System));
        await next.ReadUntilAsync(read => read.CompleteAsOf is not null && read.State.ContainsKey("b"), Cancel);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "2", ["b"] = "1" }, next.State);
        Assert.Equal(1, await database.ScalarAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE database = current_database()", Cancel));
    }

    [Fact]
    public async Task Two_starts_of_one_slot_at_once_are_told_apart()
    {
        await using var database = await CreateAsync();
        var options = Options(database);
        var failure = default(HubException);
        await using var proxy = new PausingProxy(database, "pg_copy_logical_replication_slot", async () =>
            failure = await Assert.ThrowsAsync<HubException>(() => Tape(options).ReadUntilAsync(_ => false, Cancel)));
        var tape = Tape(options with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await proxy.Held;
        Assert.True(failure!.IsTransient);
        Assert.Equal(Codes.SlotInUse, failure.Findings[0].Code);
        Assert.Contains("is being made", failure.Findings[0].Message);
    }

    private static async Task RefusedAsync(SourceTape tape, TestDatabase database, PostgresSourceOptions options)
    {
        var failure = await Assert.ThrowsAsync<HubException>(() => tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel));
        Assert.False(failure.IsTransient);
        Assert.Equal(Codes.SlotForeign, failure.Findings[0].Code);
        Assert.Contains($"pg_drop_replication_slot('{options.Slot}')", failure.Findings[0].Suggestion);
        Assert.Equal(1, await database.ScalarAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{options.Slot}'", Cancel));
    }

    private static PostgresPhase PhaseOf(SourceTape tape) => PostgresPosition.Parse(tape.Positions[^1]).Phase;
}
