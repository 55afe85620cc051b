using Hub.Core.Ops;
using Hub.Demo.Finance;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>Two whole Hubs on one Kafka: one reads the source, both answer, and the other goes on when it is gone.</summary>
public sealed class TwoHubsTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_the_one_that_reads_is_stopped_the_other_goes_on_where_it_was()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, LogKind.Kafka);
        await using var second = await StartSecondAsync(finance);
        await CommitAsync(finance, "TWO-1", finance.Hub, second);

        await finance.Hub.StopAsync(Cancel);
        await CommitAsync(finance, "TWO-2", second);
        Assert.Equal((SourceState.Streaming, 1), (second.Status("finance").State, second.Status("finance").Records));
        await AssertWholeAsync(finance, second);
    }

    [Fact]
    public async Task When_the_one_that_reads_is_cut_off_before_a_commit_the_other_takes_over_and_nothing_is_lost_or_doubled()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, LogKind.Kafka);
        await using var second = await StartSecondAsync(finance);
        await CommitAsync(finance, "CUT-1", finance.Hub, second);

        await using (var activity = await finance.OpenActivityAsync(seed: 5))
        {
            CutOffBeforeCommit(finance.Broker!);
            for (var i = 0; i < 50; i++)
                await activity.CommitAsync(Cancel);
        }

        await CommitAsync(finance, "CUT-2", second);
        // Cut off, it does not know of it, and does not say that it does.
        var answer = await finance.SearchAsync($"subject={FinanceHub.Detail}&q=CUT-2&size=0");
        Assert.Equal(0, answer.GetProperty("total").GetInt64());
        Assert.True(answer.GetProperty("asOf").GetProperty("finance").GetDateTimeOffset() < second.Status("finance").AsOf);

        // Back again, it stands by and has missed nothing.
        finance.Broker!.Rule = null;
        await finance.Hub.WaitForStateAsync("finance", SourceState.Standby, Cancel);
        await CommitAsync(finance, "CUT-3", finance.Hub, second);
        await AssertWholeAsync(finance, finance.Hub, second);
    }

    private static async Task<RunningHub> StartSecondAsync(FinanceHub finance)
    {
        await finance.CatchUpAsync();
        var second = await finance.StartHubAsync("second");
        await second.WaitForStateAsync("finance", SourceState.Standby, Cancel);
        return second;
    }

    /// <summary>Nothing of the first Hub comes through any more, from its next commit on: what it has written for that is left open.</summary>
    private static void CutOffBeforeCommit(TransactionalBroker broker)
    {
        var isCut = false;
        broker.Rule = call => call.Client == FinanceHub.First && (isCut |= call.Key == ApiKey.EndTxn) ? new BrokerFault.CloseBefore() : null;
    }

    /// <summary>Commits a payment, and waits until the Hubs say that they are complete as of then: each finds it.</summary>
    private static async Task CommitAsync(FinanceHub finance, string word, params RunningHub[] hubs)
    {
        await finance.Database.ExecuteAsync(FinanceHub.InsertDetail(word, word), Cancel);
        var moment = await finance.NowAsync();
        foreach (var hub in hubs)
        {
            await hub.WaitUntilCompleteAsync("finance", moment, Cancel);
            var answer = await hub.GetAsync($"/api/v1/search?subject={FinanceHub.Detail}&q={word}&size=0", Cancel);
            Assert.Equal((word, 1), (word, answer.GetProperty("total").GetInt64()));
            Assert.True(answer.GetProperty("asOf").GetProperty("finance").GetDateTimeOffset() >= moment);
        }
    }

    private static async Task AssertWholeAsync(FinanceHub finance, params RunningHub[] hubs)
    {
        foreach (var hub in hubs)
        {
            var comparison = await finance.CompareAsync(hub);
            Assert.True(comparison.IsEqual && comparison.Refused.Count == 0, comparison.ToString());
        }

        Assert.Empty((await LogState.ReadAsync(hubs[0].Log, [.. hubs[0].Definitions[0].Tables.Select(table => table.Subject)], Cancel)).Doubles);
    }
}
