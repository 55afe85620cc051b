using Hub.Index.Elasticsearch;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>A whole Hub before a real engine that fails now and then: in the end tables, log and index hold the same.</summary>
[Trait("needs", "engine")]
public sealed class EngineFaultTests(PostgresFixture postgres, EngineFixture engine, ITestOutputHelper output) : IAsyncDisposable
{
    private readonly string prefix = EngineFixture.Prefix();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await engine.ClearAsync(prefix);

    [Fact]
    public async Task With_a_third_of_all_requests_answered_429_nothing_is_missing()
        => await RunAsync(Fault.Busy);

    [Fact]
    public async Task With_a_third_of_all_requests_refused_or_cut_off_nothing_is_missing()
        => await RunAsync(Fault.Busy, Fault.Unavailable, Fault.ResetBefore, Fault.ResetAfter);

    [Fact]
    public async Task A_node_that_is_started_again_in_the_middle_is_waited_for()
    {
        await using var proxy = await FaultProxy.StartAsync(await engine.AddressAsync(Cancel), _ => Task.FromResult(Fault.None));
        await using var finance = await FinanceHub.StartAsync(postgres, index: OptionsOf(proxy));
        await finance.CatchUpAsync();
        await using var activity = await finance.OpenActivityAsync(seed: 11);
        await CommitAsync(activity, 50);
        await proxy.StopAsync();
        await CommitAsync(activity, 100);
        var before = await finance.NowAsync();
        await Wait.UntilAsync("the log has what the index has not", async () => (await finance.Hub.Log.ReadLagAsync(GroupOf(finance), Cancel)).Sum(lag => lag.Lag) > 0, () => "no lag", Cancel);
        await proxy.StartAgainAsync();
        await CommitAsync(activity, 50);
        await finance.Hub.WaitUntilCompleteAsync("finance", before, Cancel);
        await AssertEqualAsync(finance);
    }

    private async Task RunAsync(params Fault[] faults)
    {
        await using var proxy = await FaultProxy.StartAsync(await engine.AddressAsync(Cancel), percent: 30, faults);
        await using var finance = await FinanceHub.StartAsync(postgres, index: OptionsOf(proxy));
        await using var activity = await finance.OpenActivityAsync(seed: 12);
        // The first read, and changes behind it.
        for (var round = 0; round < 5; round++)
        {
            await CommitAsync(activity, 40);
            await finance.CatchUpAsync();
        }

        output.WriteLine($"{proxy.Spoiled} requests spoiled");
        Assert.True(proxy.Spoiled > 20, $"{proxy.Spoiled}");
        await AssertEqualAsync(finance);
    }

    private ElasticsearchOptions OptionsOf(FaultProxy proxy) => new() { Url = proxy.Address.ToString(), Prefix = prefix, BulkCount = 200 };

    private static string GroupOf(FinanceHub finance) => $"index-{finance.Hub.Index.Identity}";

    private static async Task CommitAsync(Hub.Demo.Finance.FinanceActivity activity, int transactions)
    {
        for (var i = 0; i < transactions; i++)
            await activity.CommitAsync(Cancel);
    }

    private async Task AssertEqualAsync(FinanceHub finance)
    {
        await finance.CatchUpAsync();
        // The comparison reads the index through the faults too, which may refuse it a few times.
        await Wait.UntilAsync("tables, log and index can be compared", async () =>
        {
            try
            {
                var comparison = await finance.CompareAsync();
                output.WriteLine($"{comparison}");
                Assert.True(comparison.IsEqual, $"{comparison}");
                Assert.True(comparison.Rows > 1_000, $"{comparison}");
                return true;
            }
            catch (Hub.Core.Ops.HubException failure) when (failure.IsTransient)
            {
                return false;
            }
        }, () => "always refused", Cancel);
    }
}
