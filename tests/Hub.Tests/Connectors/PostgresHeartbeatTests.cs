using Hub.Connectors.Postgres;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>What heartbeats do: the slot of an idle source advances, and the moment is known as of which the source is complete.</summary>
public sealed class PostgresHeartbeatTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nobody_can_make_a_source_complete_as_of_a_moment_yet_to_come(bool knowsThePrefix)
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing; INSERT INTO thing VALUES ('a', '1')", Cancel);
        // Its first heartbeat is the only one of this test.
        var options = PostgresSourceTests.Options(database, "thing") with { Heartbeat = TimeSpan.FromHours(1) };
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{options.Slot}_eye', 'pgoutput')", Cancel);
        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System));
        var (begun, latest) = (new TaskCompletionSource(), DateTimeOffset.MinValue);
        var reading = tape.ReadUntilAsync(
            read =>
            {
                if (read.CompleteAsOf is { } moment)
                {
                    latest = moment > latest ? moment : latest;
                    begun.TrySetResult();
                }

                return read.State.GetValueOrDefault("a") == "2";
            }, Cancel);
        await (await Task.WhenAny(begun.Task, reading));
        var prefix = knowsThePrefix ? await SeenPrefixAsync(database, $"{options.Slot}_eye") : "hub-heartbeat";
        await database.ExecuteAsync($"SELECT pg_logical_emit_message(false, '{prefix}', '253402300799000000'); UPDATE thing SET name = '2'", Cancel);
        await reading;
        Assert.InRange(latest.UtcDateTime, DateTime.UnixEpoch, await database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel));
    }

    [Fact]
    public async Task An_idle_source_lets_the_server_discard_its_log_while_a_neighbour_is_busy()
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE TABLE neighbour (n int); CREATE PUBLICATION hub FOR TABLE thing", Cancel);
        var options = PostgresSourceTests.Options(database, "thing");
        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("INSERT INTO neighbour SELECT generate_series(1, 100000)", Cancel);
        var busy = await database.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text", Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var reading = tape.ReadUntilAsync(_ => false, stop.Token);
        while (!await database.ScalarAsync<bool>($"SELECT confirmed_flush_lsn >= '{busy}' FROM pg_replication_slots WHERE slot_name = '{options.Slot}'", Cancel))
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.DoesNotContain(tape.Changes, change => change.Relation != "public.thing");
    }

    private static Task<string> SeenPrefixAsync(TestDatabase database, string slot) => database.ScalarAsync<string>(
        $"SELECT DISTINCT substring(encode(data, 'escape') FROM 'hub-heartbeat[:0-9a-f]*') AS prefix FROM pg_logical_slot_peek_binary_changes('{slot}', NULL, NULL, 'proto_version', '1', 'publication_names', 'hub', 'messages', 'true') ORDER BY prefix LIMIT 1", Cancel);
}
