using Hub.Connectors.Postgres;
using Hub.Core.Records;
using Hub.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Tables that are rewritten, emptied or made otherwise while they are read for the first time: no row is lost.</summary>
public sealed class PostgresFirstReadTests(PostgresFixture postgres)
{
    private const int Rows = 200;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Rewrites => ["ALTER TABLE {0} ADD extra float DEFAULT random()", "ALTER TABLE {0} ALTER number TYPE text", "VACUUM FULL {0}"];

    private async Task<TestDatabase> CreateAsync()
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync(
            "CREATE TABLE thing (id text PRIMARY KEY, name text, number int); CREATE TABLE other (id text PRIMARY KEY, name text, number int); "
            + "CREATE TABLE part (id text PRIMARY KEY, name text, number int) PARTITION BY HASH (id); CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
            + "CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1); CREATE PUBLICATION hub FOR TABLE thing, other, part WITH (publish_via_partition_root = true)", Cancel);
        await database.ExecuteAsync(
            $"INSERT INTO thing SELECT 't' || n, 'x', n FROM generate_series(1, {Rows}) n; INSERT INTO other SELECT 'o' || n, 'x', n FROM generate_series(1, {Rows}) n; "
            + $"INSERT INTO part SELECT 'p' || n, 'x', n FROM generate_series(1, {Rows}) n; ANALYZE", Cancel);
        return database;
    }

    private static PostgresSourceOptions Options(TestDatabase database) => PostgresSourceTests.Options(database, "thing", "other", "part");

    private static SourceTape Tape(PostgresSourceOptions options) => new(new PostgresSource(options, TimeProvider.System));

    [Theory, MemberData(nameof(Rewrites))]
    public async Task A_table_rewritten_between_the_slot_and_the_read_is_read_whole(string rewrite)
    {
        await using var database = await CreateAsync();
        await using var proxy = new PausingProxy(database, "SET TRANSACTION SNAPSHOT", async () =>
        {
            await database.ExecuteAsync(string.Format(null, rewrite, "thing"), Cancel);
            await database.ExecuteAsync(string.Format(null, rewrite, "part"), Cancel);
        });
        var tape = Tape(Options(database) with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await proxy.Held;
        Assert.Equal(3 * Rows, tape.State.Count);
    }

    [Theory, MemberData(nameof(Rewrites))]
    public async Task A_table_that_is_still_to_be_read_is_not_rewritten_before_it_is_read(string rewrite)
    {
        await using var database = await CreateAsync();
        var rewriting = Task.CompletedTask;
        await using var proxy = new PausingProxy(database, "FROM \"public\".\"thing\" ORDER BY", async () =>
        {
            rewriting = database.ExecuteAsync(string.Format(null, rewrite, "other"), Cancel);
            await Wait.UntilAsync(
                "the table is rewritten or waits for that",
                async () => rewriting.IsCompleted || await database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'other'::regclass AND NOT granted)", Cancel),
                () => "neither", Cancel);
        });
        var tape = Tape(Options(database) with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await proxy.Held;
        await rewriting;
        Assert.Equal(3 * Rows, tape.State.Count);
    }

    [Fact]
    public async Task A_table_that_is_read_may_be_rewritten_while_the_others_are_read()
    {
        await using var database = await CreateAsync();
        await using var proxy = new PausingProxy(database, "FROM \"public\".\"other\" ORDER BY", () => database.ExecuteAsync("ALTER TABLE thing ADD extra float DEFAULT random()", Cancel));
        var tape = Tape(Options(database) with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await proxy.Held;
        Assert.Equal(3 * Rows, tape.State.Count);
    }

    [Fact]
    public async Task A_column_that_comes_between_the_slot_and_the_read_is_read()
    {
        await using var database = await CreateAsync();
        await using var proxy = new PausingProxy(database, "SET TRANSACTION SNAPSHOT", () => database.ExecuteAsync("ALTER TABLE thing ADD extra text DEFAULT 'e'", Cancel));
        var tape = Tape(Options(database) with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await proxy.Held;
        Assert.Equal(Rows, tape.Changes.Count(change => change.Operation == Operation.Snapshot && change.Values.GetValueOrDefault("extra") == "e"));
    }

    [Theory, MemberData(nameof(Rewrites))]
    public async Task A_table_rewritten_while_its_read_is_interrupted_is_read_to_its_end(string rewrite)
    {
        await using var database = await CreateAsync();
        var options = Options(database) with { MaxBatchBytes = 1024 };
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.Changes.Count > Rows / 2, Cancel);
        await database.ExecuteAsync(string.Format(null, rewrite, "thing"), Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = 'y' WHERE id IN ('t1', 't99'); DELETE FROM thing WHERE id IN ('t2', 't98')", Cancel);
        var rest = tape.From(tape.Positions.Count - 1, new PostgresSource(options, TimeProvider.System));
        await rest.ReadUntilAsync(read => read.CompleteAsOf is not null && read.State.GetValueOrDefault("t99") == "y" && read.State.Count == (3 * Rows) - 2, Cancel);
        Assert.Equal("y", rest.State["t1"]);
    }

    [Fact]
    public async Task A_read_that_goes_on_while_its_table_is_being_rewritten_waits_for_that()
    {
        await using var database = await CreateAsync();
        var options = Options(database) with { MaxBatchBytes = 1024 };
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.Changes.Count > Rows / 2, Cancel);
        await using var application = new NpgsqlConnection(database.ConnectionString);
        await application.OpenAsync(Cancel);
        var rewriting = await application.BeginTransactionAsync(Cancel);
        await using (var command = new NpgsqlCommand("ALTER TABLE thing ADD extra float DEFAULT random(); ALTER TABLE other ADD extra float DEFAULT random()", application))
            await command.ExecuteNonQueryAsync(Cancel);

        var rest = tape.From(tape.Positions.Count - 1, new PostgresSource(options, TimeProvider.System));
        var reading = rest.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await Wait.UntilAsync(
            "the read waits", async () => await database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub:finance' AND wait_event_type = 'Lock')", Cancel),
            () => "no reader that waits", Cancel);
        await rewriting.CommitAsync(Cancel);
        await reading;
        Assert.Equal(3 * Rows, rest.State.Count);
    }

    [Fact]
    public async Task A_table_emptied_while_its_read_is_interrupted_ends_with_what_was_put_in_since()
    {
        await using var database = await CreateAsync();
        var options = PostgresSourceTests.Options(database, "thing") with { MaxBatchBytes = 1024 };
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.Changes.Count > Rows / 2, Cancel);
        await database.ExecuteAsync("TRUNCATE thing; INSERT INTO thing VALUES ('a', 'new')", Cancel);
        var rest = tape.From(tape.Positions.Count - 1, new PostgresSource(options, TimeProvider.System));
        await rest.ReadUntilAsync(read => read.CompleteAsOf is not null && read.State.Count == 1, Cancel);
        Assert.Equal("new", rest.State["a"]);
    }

    [Fact]
    public async Task A_key_that_sorts_otherwise_after_an_interruption_is_read_from_its_beginning()
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text COLLATE \"und-x-icu\" PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing", Cancel);
        await database.ExecuteAsync($"INSERT INTO thing SELECT chr(c) || n, 'x' FROM generate_series(65, 90) c, generate_series(1, 9) n UNION SELECT chr(c) || n, 'x' FROM generate_series(97, 122) c, generate_series(1, 9) n", Cancel);
        var options = PostgresSourceTests.Options(database, "thing") with { MaxBatchBytes = 64 };
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.Changes.Count is > 100 and < 400 && char.IsLower(read.Changes[^1].Key[0]), Cancel);
        await database.ExecuteAsync("ALTER TABLE thing ALTER id TYPE text COLLATE \"C\"", Cancel);
        var rest = tape.From(tape.Positions.Count - 1, new PostgresSource(options, TimeProvider.System));
        await rest.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        Assert.Equal(2 * 26 * 9, rest.State.Count);
    }
}
