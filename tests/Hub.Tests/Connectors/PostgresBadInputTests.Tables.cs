using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Tables and publications that an administrator changes while Hub reads them, and messages that others send.</summary>
public sealed partial class PostgresBadInputTests
{
    private async Task<RunningSource> StreamAsync(TestDatabase database)
    {
        var running = new RunningSource();
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
        return running;
    }

    private async Task<Finding> StoppedByAsync(RunningSource running, TestDatabase database, string harm)
    {
        await database.ExecuteAsync(harm, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        return running.Status.Problem!;
    }

    private async Task ReadAnewAsync(RunningSource running, TestDatabase database, Dictionary<string, string> expected)
    {
        await running.StopAsync();
        await running.StartAsync(Source(database) with { Slot = Source(database).Slot + "_2" }, Cancel);
        await running.WaitForThingsAsync(expected, Cancel);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("9223372036854775807")]
    public async Task A_message_of_others_that_looks_like_a_heartbeat_stops_nothing(string content)
    {
        await using var database = await CreateAsync();
        await using var running = await StreamAsync(database);
        await database.ExecuteAsync($"SELECT pg_logical_emit_message(false, 'hub-heartbeat', '{content}'); UPDATE thing SET name = '2'", Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "2" }, Cancel);
        Assert.Null(running.Status.Problem);
    }

    [Fact]
    public async Task Changes_of_a_table_renamed_while_running_are_not_lost()
    {
        await using var database = await CreateAsync();
        await using var running = await StreamAsync(database);
        await database.ExecuteAsync("ALTER TABLE thing RENAME TO other; INSERT INTO other VALUES ('b', '2'); UPDATE other SET name = '3' WHERE id = 'a'", Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "3", ["b"] = "2" }, Cancel);

        // The next start finds no table of that name, and goes on when it has its name again.
        await running.StopAsync();
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        Assert.Equal(Codes.TableMissing, running.Status.Problem!.Code);
        await running.StopAsync();
        await database.ExecuteAsync("DELETE FROM other WHERE id = 'b'; ALTER TABLE other RENAME TO thing", Cancel);
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "3" }, Cancel);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_table_dropped_and_made_again_stops_the_source_until_a_new_generation(bool whileStopped)
    {
        await using var database = await CreateAsync();
        await using var running = await StreamAsync(database);
        if (whileStopped)
            await running.StopAsync();
        const string Harm = "DROP TABLE thing; CREATE TABLE thing (id text PRIMARY KEY, name text); ALTER PUBLICATION hub ADD TABLE thing; ";
        await database.ExecuteAsync(Harm + (whileStopped ? "" : "INSERT INTO thing VALUES ('b', '2')"), Cancel);
        if (whileStopped)
            await running.StartAsync(Source(database), Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        var finding = running.Status.Problem!;
        Assert.Equal(Codes.SourceReplaced, finding.Code);
        Assert.Contains("public.thing was dropped and made again", finding.Message);
        Assert.Contains("give the source a new slot name", finding.Suggestion);
        await ReadAnewAsync(running, database, whileStopped ? [] : new() { ["b"] = "2" });
    }

    [Theory]
    [InlineData("DELETE FROM thing WHERE id = 'a'")]
    [InlineData("UPDATE thing SET id = 'b' WHERE id = 'a'")]
    public async Task A_replica_identity_without_the_key_stops_the_source_at_the_first_change_it_hides(string change)
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text PRIMARY KEY, name text NOT NULL UNIQUE); INSERT INTO thing VALUES ('a', '1'); " + Publication);
        await using var running = await StreamAsync(database);
        var finding = await StoppedByAsync(running, database, $"ALTER TABLE thing REPLICA IDENTITY USING INDEX thing_name_key; {change}; ALTER TABLE thing REPLICA IDENTITY DEFAULT");
        Assert.Equal(Codes.ReplicaIdentity, finding.Code);
        Assert.Contains("no longer hold the key", finding.Message);
        Assert.Contains("REPLICA IDENTITY DEFAULT", finding.Suggestion);
        await ReadAnewAsync(running, database, change.StartsWith("DELETE", StringComparison.Ordinal) ? [] : new() { ["b"] = "1" });
    }

    [Fact]
    public async Task Changes_made_while_there_was_no_publication_stop_the_source_until_a_new_generation()
    {
        await using var database = await CreateAsync();
        await using var running = await StreamAsync(database);
        await running.StopAsync();
        await database.ExecuteAsync("DROP PUBLICATION hub", Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = '2'", Cancel);
        await database.ExecuteAsync(Publication, Cancel);
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        Assert.Equal(Codes.NoPublication, running.Status.Problem!.Code);
        Assert.Contains("there was no publication 'hub'", running.Status.Problem.Message);
        Assert.Contains("give the source a new slot name", running.Status.Problem.Suggestion);
        await ReadAnewAsync(running, database, new() { ["a"] = "2" });
    }
}
