using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Slots that are taken, foreign or have lost something, and connections that end.</summary>
public sealed partial class PostgresBadInputTests
{
    [Fact]
    public async Task A_slot_in_use_is_waited_for()
    {
        await using var database = await CreateAsync();
        await using var running = new RunningSource();
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        await running.StopAsync();

        await using (var other = new LogicalReplicationConnection(database.ConnectionString))
        {
            await other.Open(Cancel);
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var options = new PgOutputReplicationOptions("hub", PgOutputProtocolVersion.V1);
            var stream = other.StartReplication(new PgOutputReplicationSlot(Source(database).Slot), options, reading.Token).GetAsyncEnumerator(reading.Token);
            var next = stream.MoveNextAsync().AsTask();
            await Wait.UntilAsync("the slot is in use", async () => await database.ScalarAsync<bool>($"SELECT active FROM pg_replication_slots WHERE slot_name = '{Source(database).Slot}'", Cancel), () => "no reader", Cancel);
            await running.StartAsync(Source(database), Cancel);
            await running.WaitForAsync(SourceState.Retrying, Cancel);
            var finding = running.Status.Problem!;
            Assert.Equal(Codes.SlotInUse, finding.Code);
            Assert.Contains($"the slot '{Source(database).Slot}' is in use", finding.Message);
            Assert.Contains("Stop the other reader", finding.Suggestion);
            Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(Source(database)), Cancel), found => found.Code == Codes.SlotInUse);
            await reading.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        }

        await database.ExecuteAsync("UPDATE thing SET name = '2'", Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "2" }, Cancel);
        Assert.Equal(SourceState.Streaming, running.Status.State);
        Assert.Null(running.Status.Problem);
    }

    [Fact]
    public async Task A_slot_that_somebody_else_made_is_not_touched()
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{Source(database).Slot}', 'pgoutput')", Cancel);
        var finding = await MendedAsync(database, Source(database), Codes.SlotForeign, doctor: false);
        Assert.Contains($"the slot '{Source(database).Slot}' exists already", finding.Message);
    }

    [Theory]
    [InlineData("SELECT pg_create_logical_replication_slot('{0}', 'test_decoding')", "belongs to the plugin 'test_decoding'")]
    [InlineData("SELECT pg_create_physical_replication_slot('{0}')", "is a physical one")]
    public async Task A_slot_that_Hub_cannot_read_is_refused_and_the_doctor_finds_it(string make, string sentence)
    {
        await using var database = await CreateAsync();
        await database.ExecuteAsync(string.Format(null, make, Source(database).Slot), Cancel);
        var finding = await MendedAsync(database, Source(database), Codes.SlotForeign);
        Assert.Contains($"the slot '{Source(database).Slot}' {sentence}", finding.Message);
    }

    [Fact]
    public async Task A_slot_of_another_database_is_refused_and_the_doctor_finds_it()
    {
        await using var database = await CreateAsync();
        await using var other = await CreateAsync();
        await other.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{Source(database).Slot}', 'pgoutput')", Cancel);
        var finding = await RefusedAsync(Source(database), Codes.SlotForeign);
        Assert.Contains($"belongs to the database '{other.Name}'", finding.Message);
    }

    [Theory]
    [InlineData("SELECT pg_drop_replication_slot('{0}')", "is gone")]
    [InlineData("SELECT pg_replication_slot_advance('{0}', pg_current_wal_lsn())", "past Hub's checkpoint")]
    [InlineData("SELECT pg_drop_replication_slot('{0}'); SELECT pg_create_logical_replication_slot('{0}', 'pgoutput')", "past Hub's checkpoint")]
    public async Task A_slot_that_lost_changes_while_Hub_was_stopped_stops_the_source_until_a_new_generation(string harm, string sentence)
    {
        await using var database = await CreateAsync();
        await using var running = new RunningSource();
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        await running.StopAsync();
        await Wait.UntilAsync("the slot is free", async () => !await database.ScalarAsync<bool>($"SELECT active FROM pg_replication_slots WHERE slot_name = '{Source(database).Slot}'", Cancel), () => "a reader", Cancel);
        await database.ExecuteAsync("INSERT INTO thing VALUES ('b', '1'); DELETE FROM thing WHERE id = 'a'", Cancel);
        await database.ExecuteAsync(string.Format(null, harm, Source(database).Slot), Cancel);

        await running.StartAsync(Source(database), Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        var finding = running.Status.Problem!;
        Assert.Equal(Codes.SlotLost, finding.Code);
        Assert.Contains($"the slot '{Source(database).Slot}'", finding.Message);
        Assert.Contains(sentence, finding.Message);
        Assert.Contains("give the source a new slot name", finding.Suggestion);

        await running.StopAsync();
        await running.StartAsync(Source(database) with { Slot = Source(database).Slot + "_2" }, Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["b"] = "1" }, Cancel);
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_is_made_again_and_nothing_is_lost()
    {
        await using var database = await CreateAsync();
        await using var running = new RunningSource();
        await running.StartAsync(Source(database), Cancel);
        var expected = new Dictionary<string, string> { ["a"] = "1" };
        await running.WaitForThingsAsync(expected, Cancel);
        for (var round = 0; round < 5; round++)
        {
            await running.WaitForAsync(SourceState.Streaming, Cancel);
            await database.ExecuteAsync($"INSERT INTO thing SELECT 'r{round}-' || n, 'x' FROM generate_series(1, 50) n", Cancel);
            // Sometimes the stream's session, sometimes the one that sends the heartbeats.
            var kind = round % 2 == 0 ? "walsender" : "client backend";
            await database.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub:things' AND backend_type = '{kind}'", Cancel);
            await database.ExecuteAsync($"INSERT INTO thing VALUES ('after{round}', 'y'); UPDATE thing SET name = 'round {round}' WHERE id = 'a'", Cancel);
            expected["a"] = $"round {round}";
            expected[$"after{round}"] = "y";
            for (var n = 1; n <= 50; n++)
                expected[$"r{round}-{n}"] = "x";
            await running.WaitForThingsAsync(expected, Cancel);
        }

        await running.WaitForAsync(SourceState.Streaming, Cancel);
        Assert.Null(running.Status.Problem);
    }
}
