using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>What PostgreSQL has that other sources do not: keys that change, truncates, TOAST, columns that come and go.</summary>
public sealed class PostgresSourceTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static PostgresSourceOptions Options(TestDatabase database, params string[] tables) => new()
    {
        Name = "finance",
        Place = "finance.yaml",
        ConnectionString = database.ConnectionString,
        Publication = "hub",
        Slot = $"hub_{database.Name}",
        Tables = [.. tables.Select(table => new PostgresTable("public", table, ["id"]))],
        Heartbeat = TimeSpan.FromMilliseconds(50),
    };

    private async Task<TestDatabase> CreateAsync(string sql = "CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing")
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync(sql, Cancel);
        return database;
    }

    private static SourceTape Tape(PostgresSourceOptions options) => new(new PostgresSource(options, TimeProvider.System));

    [Fact]
    public async Task A_changed_key_becomes_a_delete_and_a_create()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1'), ('b', '2')", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET id = 'c' WHERE id = 'a'", Cancel);
        await tape.ReadUntilAsync(read => read.State.ContainsKey("c"), Cancel);
        Assert.Equal(new Dictionary<string, string> { ["b"] = "2", ["c"] = "1" }, tape.State);
        Assert.Contains(tape.Changes, change => change is { Key: "a", Operation: Operation.Delete });
    }

    [Fact]
    public async Task Keys_that_shift_through_each_other_in_one_statement_end_right()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id int PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing SELECT n, 'row ' || n FROM generate_series(3, 1, -1) n", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET id = id + 1", Cancel);
        await tape.ReadUntilAsync(read => read.State.ContainsKey("4"), Cancel);
        Assert.Equal(new Dictionary<string, string> { ["2"] = "row 1", ["3"] = "row 2", ["4"] = "row 3" }, tape.State);
    }

    [Fact]
    public async Task A_truncate_takes_every_row_away()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync("INSERT INTO thing SELECT n::text, 'x' FROM generate_series(1, 100) n", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("BEGIN; TRUNCATE thing; INSERT INTO thing VALUES ('new', 'y'); COMMIT", Cancel);
        await tape.ReadUntilAsync(read => read.State.ContainsKey("new"), Cancel);
        Assert.Equal(new Dictionary<string, string> { ["new"] = "y" }, tape.State);
    }

    [Theory]
    [InlineData("DEFAULT")]
    [InlineData("FULL")]
    public async Task A_large_value_that_an_update_leaves_alone_stays_whole(string identity)
    {
        await using var database = await CreateAsync(
            $"CREATE TABLE thing (id text PRIMARY KEY, name text, body text); ALTER TABLE thing ALTER body SET STORAGE EXTERNAL; ALTER TABLE thing REPLICA IDENTITY {identity}; CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1', repeat('大', 20000)), ('b', '1', NULL)", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = '2'", Cancel);
        await tape.ReadUntilAsync(read => read.State["a"] == "2" && read.State["b"] == "2", Cancel);

        var update = tape.Changes.Last(change => change.Key == "a");
        Assert.Equal(Operation.Update, update.Operation);
        Assert.Equal(new string('大', 20000), update.Values["body"]);
        Assert.Null(tape.Changes.Last(change => change.Key == "b").Values["body"]);
    }

    [Fact]
    public async Task A_large_value_of_a_row_that_is_gone_by_now_leaves_no_placeholder_behind()
    {
        await using var database = await CreateAsync(
            "CREATE TABLE thing (id text PRIMARY KEY, name text, body text); ALTER TABLE thing ALTER body SET STORAGE EXTERNAL; CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1', repeat('x', 20000)), ('b', '1', 'short')", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = '2' WHERE id = 'a'", Cancel);
        await database.ExecuteAsync("DELETE FROM thing WHERE id = 'a'", Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = '2' WHERE id = 'b'", Cancel);
        await tape.ReadUntilAsync(read => read.State.GetValueOrDefault("b") == "2", Cancel);
        Assert.DoesNotContain("a", tape.State.Keys);
        Assert.DoesNotContain(tape.Changes, change => change.Operation != Operation.Delete && change.Key == "a" && change.Values.GetValueOrDefault("body") != new string('x', 20000));
    }

    [Fact]
    public async Task A_column_that_goes_while_a_large_value_is_read_again_is_no_trouble()
    {
        await using var database = await CreateAsync(
            "CREATE TABLE thing (id text PRIMARY KEY, name text, body text, extra int); ALTER TABLE thing ALTER body SET STORAGE EXTERNAL; CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1', repeat('x', 20000), 7)", Cancel);
        await using var proxy = new PausingProxy(database, "SELECT hub_place", () => database.ExecuteAsync("ALTER TABLE thing DROP extra", Cancel));
        var tape = Tape(Options(database, "thing") with { ConnectionString = proxy.ConnectionString });
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = '2'", Cancel);
        await tape.ReadUntilAsync(read => read.State["a"] == "2", Cancel);
        await proxy.Held;
        Assert.Equal(new string('x', 20000), tape.Changes[^1].Values["body"]);
    }

    [Fact]
    public async Task Columns_may_come_and_go_while_running()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1')", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("ALTER TABLE thing ADD extra int; INSERT INTO thing VALUES ('b', '2', 7)", Cancel);
        await tape.ReadUntilAsync(read => read.State.ContainsKey("b"), Cancel);
        await database.ExecuteAsync("ALTER TABLE thing DROP extra; UPDATE thing SET name = '3' WHERE id = 'b'", Cancel);
        await tape.ReadUntilAsync(read => read.State["b"] == "3", Cancel);

        Assert.Equal("7", tape.Changes.First(change => change.Key == "b").Values["extra"]);
        Assert.DoesNotContain("extra", tape.Changes.Last().Values.Keys);
    }

    [Fact]
    public async Task A_transaction_larger_than_a_batch_is_cut_and_goes_on_after_a_restart_in_its_middle()
    {
        await using var database = await CreateAsync();
        var options = Options(database, "thing") with { MaxBatchBytes = 4096 };
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("INSERT INTO thing SELECT n::text, repeat('x', 50) FROM generate_series(1, 3000) n; UPDATE thing SET name = 'y' WHERE id = '1'", Cancel);
        await tape.ReadUntilAsync(read => read.Changes.Count > 1000, Cancel);
        Assert.True(tape.LargestBatch < 200, $"a batch of {tape.LargestBatch}");

        var middle = tape.Positions.Count - 1;
        Assert.True(tape.ChangesAt[middle] < 3000);
        var next = tape.From(middle, new PostgresSource(options, TimeProvider.System));
        await next.ReadUntilAsync(read => read.State.GetValueOrDefault("1") == "y", Cancel);
        Assert.Equal(3000, next.State.Count);
        // What was durable before is not read again: nothing but the rest, and the update.
        Assert.Equal(3001, tape.ChangesAt[middle] + next.Changes.Count - tape.Changes.Count(change => change.Operation == Operation.Truncate));
    }

    [Fact]
    public async Task Each_change_carries_its_own_address_and_the_full_read_an_older_one()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1'), ('b', '1')", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        var snapshot = tape.Changes.Where(change => change.Operation == Operation.Snapshot).Select(change => change.Version).Distinct().ToList();
        await database.ExecuteAsync("BEGIN; UPDATE thing SET name = '2' WHERE id = 'a'; UPDATE thing SET name = '3' WHERE id = 'a'; UPDATE thing SET name = '2' WHERE id = 'b'; COMMIT", Cancel);
        await tape.ReadUntilAsync(read => read.State["b"] == "2", Cancel);

        var streamed = tape.Changes.Where(change => change.Operation == Operation.Update).ToList();
        Assert.Single(snapshot);
        Assert.All(streamed, change => Assert.True(change.Version > snapshot[0]));
        Assert.Equal(streamed.Select(change => change.Version).Distinct().Order(), streamed.Select(change => change.Version));
        Assert.Equal(streamed.Select(change => change.Position).Order(StringComparer.Ordinal), streamed.Select(change => change.Position));
        Assert.All(streamed, change => Assert.Equal(PostgresPosition.EntryLength, change.Position.Length));
    }

    [Fact]
    public async Task A_full_read_that_was_killed_goes_on_after_the_last_row_that_was_durable()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (a int, b text, name text, PRIMARY KEY (a, b)); CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing SELECT n % 10, E'k\\\\''' || n, 'old' FROM generate_series(1, 2000) n", Cancel);
        var options = Options(database) with { MaxBatchBytes = 4096, ChunkRows = 300, Tables = [new("public", "thing", ["a", "b"])] };
        var first = new SourceTape(new PostgresSource(options, TimeProvider.System), keyColumn: "b");
        await first.ReadUntilAsync(read => read.Changes.Count > 700, Cancel);

        // The rest is read at a later moment; what changed in between comes through the stream as well.
        await database.ExecuteAsync("UPDATE thing SET name = 'new' WHERE a >= 5; DELETE FROM thing WHERE a = 9; INSERT INTO thing VALUES (0, 'late', 'new')", Cancel);
        var rest = first.From(first.Positions.Count - 1, new PostgresSource(options, TimeProvider.System));
        await rest.ReadUntilAsync(read => read.CompleteAsOf is not null && read.State.ContainsKey("late"), Cancel);

        var expected = await database.RowsAsync("SELECT b, name FROM thing", Cancel);
        Assert.Equal(expected.ToDictionary(row => row[0], row => row[1]).OrderBy(pair => pair.Key, StringComparer.Ordinal), rest.State);
        var again = rest.Changes.Where(change => change.Operation == Operation.Snapshot).Select(change => change.Key)
            .Intersect(first.Changes.Take(first.ChangesAt[^1]).Select(change => change.Key)).ToList();
        Assert.Empty(again);
    }

    [Fact]
    public async Task Every_type_has_the_same_text_in_the_full_read_and_in_the_stream()
    {
        await using var database = await CreateAsync("""
            CREATE TYPE mood AS ENUM ('好', 'bad');
            CREATE DOMAIN yuan AS numeric(20,2);
            CREATE TABLE thing (id text PRIMARY KEY, name text, b bool, c char(6), v varchar(9), n numeric, m yuan, i2 int2, i8 int8, f float8, d date, t timestamp, tz timestamptz,
                ti time, iv interval, u uuid, by bytea, j jsonb, a int[], ta text[], e mood, ip inet, ci cidr, r int4range, bi bit(3), x xml);
            CREATE PUBLICATION hub FOR TABLE thing;
            """);
        const string Values = """
            true, 'ab', 'v ', 1234567890.50, 12.30, 7, -9, 0.1, '2025-03-01', '2025-03-01 08:09:10.123456', '2025-03-01 08:09:10+08',
            '08:09', '1 day 2 hours', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\xdead', '{"a": [1, "二"]}', '{1,NULL,3}', '{"a b",NULL,"c\"d"}', '好', '10.0.0.1', '10.0.0.0/8', '[1,5)', B'101', '<a/>'
            """;
        await database.ExecuteAsync($"INSERT INTO thing VALUES ('a', 'first', {Values})", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync($"INSERT INTO thing VALUES ('b', 'second', {Values})", Cancel);
        await tape.ReadUntilAsync(read => read.State.ContainsKey("b"), Cancel);

        var (snapshot, stream) = (tape.Changes.First(change => change.Key == "a").Values, tape.Changes.Last(change => change.Key == "b").Values);
        foreach (var column in snapshot.Keys.Where(column => column is not ("id" or "name")))
            Assert.Equal((column, stream[column]), (column, snapshot[column]));
        Assert.Equal("t", snapshot["b"]);
        Assert.Equal("2025-03-01 00:09:10+00", snapshot["tz"]);
    }

    [Fact]
    public async Task A_table_that_joins_later_is_read_in_full_and_then_followed()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE TABLE other (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing");
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1'); INSERT INTO other VALUES ('o', '1')", Cancel);
        var tape = Tape(Options(database, "thing"));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("ALTER PUBLICATION hub ADD TABLE other", Cancel);
        var both = tape.From(tape.Positions.Count - 1, new PostgresSource(Options(database, "thing", "other"), TimeProvider.System));
        await both.ReadUntilAsync(read => read.State.ContainsKey("o"), Cancel);
        await database.ExecuteAsync("UPDATE other SET name = '2'; UPDATE thing SET name = '2'", Cancel);
        await both.ReadUntilAsync(read => read.State["o"] == "2" && read.State["a"] == "2", Cancel);
        Assert.Single(both.Changes, change => change is { Key: "o", Operation: Operation.Snapshot });
        Assert.DoesNotContain(both.Changes, change => change is { Key: "a", Operation: Operation.Snapshot });
    }

    [Fact]
    public async Task Odd_names_of_tables_columns_and_slots_are_no_trouble()
    {
        await using var database = await CreateAsync("CREATE TABLE \"支付 \"\"表\"\"\" (id text PRIMARY KEY, \"Name's\" text, \"select\" text); CREATE PUBLICATION \"Pub 1\" FOR ALL TABLES");
        await database.ExecuteAsync("INSERT INTO \"支付 \"\"表\"\"\" VALUES ('a', 'x', 'y')", Cancel);
        var options = Options(database) with { Publication = "Pub 1", Tables = [new("public", "支付 \"表\"", ["id"])] };
        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System), valueColumn: "Name's");
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE \"支付 \"\"表\"\"\" SET \"Name's\" = 'z'", Cancel);
        await tape.ReadUntilAsync(read => read.State["a"] == "z", Cancel);
    }

    [Fact]
    public async Task Another_slot_name_is_a_new_generation_that_also_finds_what_was_deleted_in_between()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync("INSERT INTO thing VALUES ('a', '1'), ('b', '1')", Cancel);
        var options = Options(database, "thing");
        var tape = Tape(options);
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync($"SELECT pg_drop_replication_slot('{options.Slot}')", Cancel);
        await database.ExecuteAsync("DELETE FROM thing WHERE id = 'a'; UPDATE thing SET name = '2' WHERE id = 'b'", Cancel);
        var next = tape.From(tape.Positions.Count - 1, new PostgresSource(options with { Slot = options.Slot + "_2" }, TimeProvider.System));
        await next.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        Assert.Equal(new Dictionary<string, string> { ["b"] = "2" }, next.State);
    }

    [Fact]
    public async Task A_new_generation_on_a_server_whose_log_went_back_is_refused_and_leaves_no_slot()
    {
        await using var database = await CreateAsync();
        var options = Options(database, "thing");
        var later = new PostgresPosition("1", 1, "hub_before", PostgresPhase.Streaming, CommitLsn: ulong.MaxValue >> 1);
        var failure = await Assert.ThrowsAsync<HubException>(async () =>
        {
            await foreach (var _ in new PostgresSource(options, TimeProvider.System).ReadAsync(later.ToSourcePosition(), Cancel))
            {
            }
        });
        Assert.Equal(Codes.SourceReplaced, failure.Findings[0].Code);
        Assert.Contains("empty data folder", failure.Findings[0].Suggestion, StringComparison.Ordinal);
        Assert.Equal(0, await database.ScalarAsync<long>($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{options.Slot}'", Cancel));
    }
}
