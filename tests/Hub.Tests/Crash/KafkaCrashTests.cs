using System.Text.Json;
using Hub.Connectors.Postgres;
using Hub.Core.Log;
using Hub.Demo.Finance;
using Hub.Log.Kafka;
using Hub.Tests.EndToEnd;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Crash;

/// <summary>
/// Kills a Hub that writes to Kafka, again and again, first in the full read and then in the stream while upstream keeps committing. A life
/// ends at a step of a transaction that the broker holds: before the commit, after it, or on the way there.
/// </summary>
public sealed class KafkaCrashTests(PostgresFixture postgres, KafkaFixture kafka, ITestOutputHelper output) : IAsyncLifetime
{
    private const string Client = "victim";
    private const int Rounds = 3;
    private const int MaxSkip = 4;
    private const int BatchBytes = 64 * 1024;

    private static readonly (ApiKey Key, bool IsDone)[] Steps =
    [
        (ApiKey.InitProducerId, true), (ApiKey.AddPartitionsToTxn, true), (ApiKey.Produce, false), (ApiKey.Produce, true), (ApiKey.EndTxn, false), (ApiKey.EndTxn, true),
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("hub-crash-").FullName;
    private readonly TransactionalBroker broker = new();
    private readonly List<ChildHub> started = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(folder, "data");

    private string Connectors => Path.Combine(folder, "connectors");

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        foreach (var hub in started)
            hub.Dispose();
        broker.Rule = null;
        await broker.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Killed_at_every_step_of_a_transaction_committed_readers_see_no_duplicate_and_no_gap()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var (database, connection) = await postgres.CreateFinanceAsync(scale: 12_000, Cancel);
        await using var dropped = database;
        Shipped.WriteFinance(Connectors, connection, $"hub_{database.Name}");
        await using var activity = await FinanceActivity.OpenAsync(database.ConnectionString, new() { Seed = seed }, TimeProvider.System, Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var committing = activity.RunAsync(200, stop.Token);
        var random = new Random(seed);
        await KillAsync(isStreaming: false, random);
        await LiveAsync(hub => hub.Streaming);
        await KillAsync(isStreaming: true, random);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
        await CompareAsync(database, 10_000);
    }

    /// <summary>With the settings that Hub has by itself: 15 s of silence, then the source goes to another.</summary>
    [Fact]
    public async Task Killed_before_a_commit_another_Hub_takes_the_source_over_by_itself()
    {
        var (database, connection) = await postgres.CreateFinanceAsync(Cancel);
        await using var dropped = database;
        Shipped.WriteFinance(Connectors, connection, $"hub_{database.Name}");
        var first = Start(Path.Combine(folder, "first"), Client);
        await first.WaitForAsync(first.Streaming, Cancel);
        var second = Start(Data, "second");
        await second.WaitForAsync(second.Standby, Cancel);

        var point = new KillPoint(Client, ApiKey.EndTxn, isDone: false, skip: 0);
        broker.Rule = point.Hold;
        await database.ExecuteAsync(FinanceHub.InsertDetail("KILL-1", "KILL-1"), Cancel);
        await first.WaitForAsync(point.Reached, Cancel);
        AssertOpen(ApiKey.EndTxn, isDone: false);
        await first.KillAsync(Cancel);
        point.Bury();
        var killed = TimeProvider.System.GetTimestamp();
        await second.WaitForAsync(second.Streaming, Cancel);
        output.WriteLine($"taken over {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:F1} s after the kill");
        using var http = new HttpClient { BaseAddress = second.Address };
        await Wait.UntilAsync("what was not committed is found", async () => await CountAsync(http, "KILL-1") == 1, () => second.Output, Cancel);
        output.WriteLine($"searchable {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:F1} s after the kill");

        await second.KillAsync(Cancel);
        broker.ExpireSessions();
        await CompareAsync(database, 1_000);
    }

    [Fact]
    public async Task On_a_real_Kafka_Hubs_that_are_killed_in_turn_go_on_where_the_other_was()
    {
        var options = new KafkaLogOptions { Bootstrap = await kafka.BootstrapAsync(Cancel), Prefix = $"hub-test-{Guid.NewGuid():N}." };
        var (database, connection) = await postgres.CreateFinanceAsync(Cancel);
        await using var dropped = database;
        Shipped.WriteFinance(Connectors, connection, $"hub_{database.Name}");
        await using var activity = await FinanceActivity.OpenAsync(database.ConnectionString, new(), TimeProvider.System, Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var committing = activity.RunAsync(200, stop.Token);
        var reading = Start(Data, "hub", options);
        for (var kill = 0; kill < 4; kill++)
        {
            await reading.WaitForAsync(reading.Streaming, Cancel);
            var next = Start(kill % 2 == 0 ? Path.Combine(folder, "other") : Data, "hub", options);
            await next.WaitForAsync(next.Standby, Cancel);
            await reading.KillAsync(Cancel);
            var killed = TimeProvider.System.GetTimestamp();
            await next.WaitForAsync(next.Streaming, Cancel);
            output.WriteLine($"taken over {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:F1} s after the kill");
            reading = next;
        }

        await reading.KillAsync(Cancel);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
        await CompareAsync(database, 1_000, options);
    }

    private static async Task<long> CountAsync(HttpClient http, string word)
    {
        using var answer = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/search?subject={FinanceHub.Detail}&q={word}&size=0", Cancel));
        return answer.RootElement.GetProperty("total").GetInt64();
    }

    private ChildHub Start(string data, string client, KafkaLogOptions? options = null)
    {
        var hub = ChildHub.Start(data, Connectors, BatchBytes, "log=kafka", $"kafka.bootstrap={options?.Bootstrap ?? broker.Bootstrap}", $"kafka.prefix={options?.Prefix}", $"kafka.client.id={client}");
        started.Add(hub);
        return hub;
    }

    private async Task KillAsync(bool isStreaming, Random random)
    {
        for (var kill = 0; kill < Rounds * Steps.Length; kill++)
        {
            var (key, isDone) = Steps[kill % Steps.Length];
            // A life begins its writer once.
            var point = new KillPoint(Client, key, isDone, key == ApiKey.InitProducerId ? 0 : random.Next(MaxSkip));
            var before = await PositionAsync();
            broker.Rule = point.Hold;
            await LiveAsync(hub => point.Reached, () => AssertOpen(key, isDone));
            point.Bury();
            var after = await PositionAsync();
            output.WriteLine($"{kill + 1} {point}: {after?.Phase} {after?.CommitLsn:X} {after?.RowsRead}");
            Assert.Equal(isStreaming, after?.Phase == PostgresPhase.Streaming);
            Assert.True(before is null || (after!.CommitLsn, after.RowsRead).CompareTo((before.CommitLsn, before.RowsRead)) >= 0, $"{before} went back to {after}");
        }
    }

    /// <param name="progress">When it shall die.</param>
    /// <param name="look">Looks at the broker while all stands still.</param>
    private async Task LiveAsync(Func<ChildHub, Task> progress, Action? look = null)
    {
        var hub = Start(Data, Client);
        await hub.WaitForAsync(progress(hub), Cancel);
        look?.Invoke();
        await hub.KillAsync(Cancel);
        broker.Rule = null;
        // Else every life would begin with waiting for the session of the one before.
        broker.ExpireSessions();
    }

    /// <summary>Before a commit, entries are in the log that no committed reader may see.</summary>
    private void AssertOpen(ApiKey key, bool isDone)
    {
        if (key != ApiKey.EndTxn || isDone)
            return;
        var checkpoints = Enumerable.Range(0, 16).Select(partition => broker.Count("hub.checkpoint", partition));
        Assert.Contains(checkpoints, partition => partition.LastStable < partition.HighWatermark);
    }

    private async Task<PostgresPosition?> PositionAsync()
    {
        await using var log = new KafkaLog(KafkaLogs.OptionsOf(broker));
        return await log.ReadCheckpointAsync("finance", Cancel) is { } stored ? PostgresPosition.Parse(stored.Checkpoint.Position) : null;
    }

    private async Task CompareAsync(TestDatabase database, int rows, KafkaLogOptions? options = null)
    {
        var end = await database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel);
        await using var hub = await RunningHub.StartAsync(Data, Shipped.Schemas, Connectors, Cancel, options ?? KafkaLogs.OptionsOf(broker));
        await hub.WaitUntilCompleteAsync("finance", end, Cancel);
        var definition = Assert.Single(hub.Definitions);
        var comparison = await Comparison.OfAsync(database.ConnectionString, definition, hub.Catalog, hub.Log, hub.Index, Cancel);
        output.WriteLine(comparison.ToString());
        Assert.True(comparison.Rows > rows, comparison.ToString());
        Assert.True(comparison.IsEqual, comparison.ToString());
        Assert.Empty(comparison.Refused);
        Assert.Empty((await LogState.ReadAsync(hub.Log, [.. definition.Tables.Select(table => table.Subject)], Cancel)).Doubles);
    }
}
