using System.Text;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>An index is built anew from the log while Hub goes on.</summary>
[Trait("needs", "engine")]
public sealed class RebuildTests(PostgresFixture postgres, EngineFixture engine)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_generation_holds_the_same_while_writes_go_on_and_the_old_one_can_be_gone_back_to()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, engine: engine);
        await finance.CatchUpAsync();
        await ActAsync(finance, "rebuild", () => finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-1", "重建期间") + "DELETE FROM pay_detail WHERE pay_detail_id <> 'REBUILD-1' AND ctid IN (SELECT ctid FROM pay_detail LIMIT 5);"));
        Assert.Equal((2, 1), await GenerationsAsync(finance));
        await finance.CatchUpAsync();
        await finance.AssertEqualAsync();

        // What is written now goes to the new one alone; going back brings it to the old one.
        await finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-2", "切换之后"));
        await ActAsync(finance, "roll-back", () => finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-3", "回退期间")));
        Assert.Equal((1, 2), await GenerationsAsync(finance));
        await finance.CatchUpAsync();
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("切换之后")}"));
        await finance.AssertEqualAsync();

        await finance.Hub.PostAsync($"/api/v1/index/{FinanceHub.Detail}/drop-kept", Cancel);
        Assert.Equal((1, 0), await GenerationsAsync(finance));
        await finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-4", "删除之后"));
        await finance.AssertEqualAsync();
    }

    [Fact]
    public async Task Of_two_that_ask_for_a_rebuild_at_once_one_is_told_that_it_is_under_way()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, engine: engine);
        await finance.CatchUpAsync();
        var path = $"/api/v1/index/{FinanceHub.Detail}/rebuild";
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => finance.Hub.Http.PostAsync(path, new StringContent("{}", Encoding.UTF8, "application/json"), Cancel)));
        Assert.Single(answers, answer => answer.IsSuccessStatusCode);
        Assert.Empty((await WaitAsync(finance)).GetProperty("findings").EnumerateArray());
        Assert.Equal((2, 1), await GenerationsAsync(finance));
        await finance.AssertEqualAsync();
    }

    [Fact]
    public async Task A_rebuild_that_was_cut_off_goes_on_when_Hub_starts_again()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, engine: engine);
        await finance.CatchUpAsync();
        await finance.Hub.PostAsync($"/api/v1/index/{FinanceHub.Detail}/rebuild", Cancel);
        await finance.Hub.StopAsync(Cancel);
        await finance.Database.ExecuteAsync(FinanceHub.InsertDetail("REBUILD-1", "停机期间"), Cancel);
        await finance.Hub.StartAsync(Cancel);
        await WaitAsync(finance);
        Assert.Equal((2, 1), await GenerationsAsync(finance));
        await finance.CatchUpAsync();
        await finance.AssertEqualAsync();
    }

    [Fact]
    public async Task A_generation_that_lacks_a_document_is_not_swapped_in_and_can_be_given_up()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, engine: engine);
        await finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-1", "不在日志里"));
        // One that the live generation has, and the log has not.
        var (alias, id) = (finance.Alias(FinanceHub.Detail), "finance:NOWHERE");
        var known = await finance.Engine.AskAsync(HttpMethod.Get, $"{alias}/_doc/finance:REBUILD-1", null, Cancel);
        var copy = known["_source"]!.DeepClone();
        copy["@id"] = id;
        await finance.Engine.AskAsync(HttpMethod.Put, $"{alias}-1/_doc/{id}?version=1&version_type=external&refresh=true", copy, Cancel);

        await finance.Hub.PostAsync($"/api/v1/index/{FinanceHub.Detail}/rebuild", Cancel);
        var view = await WaitAsync(finance);
        Assert.Contains("finance:NOWHERE", view.GetProperty("findings")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(Codes.IndexGenerations, view.GetProperty("findings")[0].GetProperty("code").GetString());
        Assert.Equal((1, 0), await GenerationsAsync(finance));

        await finance.Hub.PostAsync($"/api/v1/index/{FinanceHub.Detail}/cancel", Cancel);
        await finance.CommitAsync(FinanceHub.InsertDetail("REBUILD-2", "取消之后"));
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("取消之后")}"));
        Assert.DoesNotContain($"{alias}-2", await finance.Engine.IndicesAsync(alias, Cancel));
    }

    private static async Task ActAsync(FinanceHub finance, string action, Func<Task> meanwhile)
    {
        await finance.Hub.PostAsync($"/api/v1/index/{FinanceHub.Detail}/{action}", Cancel);
        await meanwhile();
        var view = await WaitAsync(finance);
        Assert.Empty(view.GetProperty("findings").EnumerateArray());
    }

    /// <summary>How it stands once no rebuild runs.</summary>
    private static async Task<JsonElement> WaitAsync(FinanceHub finance)
    {
        var view = default(JsonElement);
        await Wait.UntilAsync("the rebuild is over", async () =>
        {
            view = await ViewAsync(finance);
            return !view.GetProperty("isRunning").GetBoolean() && view.GetProperty("phase").ValueKind == JsonValueKind.String;
        }, () => view.ToString(), Cancel);
        return view;
    }

    private static async Task<(int Live, int Kept)> GenerationsAsync(FinanceHub finance)
    {
        var view = await ViewAsync(finance);
        return (view.GetProperty("live").GetInt32(), view.GetProperty("kept") is { ValueKind: JsonValueKind.Number } kept ? kept.GetInt32() : 0);
    }

    private static async Task<JsonElement> ViewAsync(FinanceHub finance)
        => (await finance.Hub.GetAsync("/api/v1/index", Cancel)).EnumerateArray().Single(one => one.GetProperty("subject").GetString() == FinanceHub.Detail);
}
