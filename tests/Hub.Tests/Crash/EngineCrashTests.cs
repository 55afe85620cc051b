using Hub.Demo.Finance;
using Hub.Index.Elasticsearch;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Hub.Tests.Crash;

/// <summary>
/// Kills a Hub whose index is in a real engine in the middle of bulk requests, again and again, while upstream keeps committing: before the engine
/// has the request, or when it has done what was asked and Hub does not know. In the end tables, log and index hold the same.
/// </summary>
[Trait("needs", "engine")]
public sealed class EngineCrashTests(PostgresFixture postgres, EngineFixture engine, ITestOutputHelper output) : IAsyncDisposable
{
    private const int Kills = 20;
    private const int BatchBytes = 64 * 1024;

    private readonly string prefix = EngineFixture.Prefix();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await engine.ClearAsync(prefix);

    [Fact]
    public async Task Killed_in_the_middle_of_bulk_requests_nothing_is_lost_or_older_than_it_was()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var address = await engine.AddressAsync(Cancel);
        var (database, connection) = await postgres.CreateFinanceAsync(Cancel);
        await using var dropped = database;
        var folder = Directory.CreateTempSubdirectory("hub-crash-").FullName;
        try
        {
            var (data, connectors) = (Path.Combine(folder, "data"), Path.Combine(folder, "connectors"));
            Shipped.WriteFinance(connectors, connection, $"hub_{database.Name}");
            await using var activity = await FinanceActivity.OpenAsync(database.ConnectionString, new() { Seed = seed }, TimeProvider.System, Cancel);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var committing = activity.RunAsync(100, stop.Token);
            var random = new Random(seed);
            try
            {
                for (var kill = 1; kill <= Kills; kill++)
                    await LiveAndDieAsync(address, data, connectors, random.Next(1, 12), isDone: kill % 2 == 0);
            }
            finally
            {
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
            }

            await CompareAsync(database, address, data, connectors);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <param name="bulks">It dies in this one.</param>
    /// <param name="isDone">Whether the engine does what the last one asks.</param>
    private async Task LiveAndDieAsync(string address, string data, string connectors, int bulks, bool isDone)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var dead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = 0;
        await using var proxy = await FaultProxy.StartAsync(address, async request =>
        {
            if (!IsBulk(request) || Interlocked.Increment(ref seen) < bulks)
                return Fault.None;
            if (!isDone)
                met.TrySetResult();
            return isDone ? Fault.ResetAfter : await dead.Task.ContinueWith(_ => Fault.ResetBefore, TaskScheduler.Default);
        }, lost: met.TrySetResult);
        using var hub = ChildHub.Start(data, connectors, BatchBytes, "index=elasticsearch", $"elasticsearch.url={proxy.Address}", $"elasticsearch.prefix={prefix}");
        try
        {
            await hub.WaitForAsync(met.Task, Cancel);
            await hub.KillAsync(Cancel);
        }
        finally
        {
            dead.SetResult();
        }

        output.WriteLine($"killed in bulk request {seen}, {(isDone ? "done" : "not done")}");
    }

    private static bool IsBulk(HttpRequest request) => request.Path == "/_bulk";

    private async Task CompareAsync(TestDatabase database, string address, string data, string connectors)
    {
        var end = await database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel);
        await using var hub = await RunningHub.StartAsync(data, Shipped.Schemas, connectors, Cancel, engine: new ElasticsearchOptions { Url = address, Prefix = prefix });
        await hub.WaitUntilCompleteAsync("finance", end, Cancel);
        var comparison = await Comparison.OfAsync(database.ConnectionString, Assert.Single(hub.Definitions), hub.Catalog, hub.Log, hub.Index, Cancel);
        output.WriteLine($"{comparison}");
        Assert.True(comparison.IsEqual, $"{comparison}");
        Assert.True(comparison.Rows > 1_000, $"{comparison}");
    }
}
