using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>Columns that come and go upstream while Hub runs.</summary>
public sealed class DriftTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_column_and_a_lost_one_are_reported_and_the_data_flows()
    {
        await using var finance = await FinanceHub.StartAsync(postgres);
        await finance.CatchUpAsync();
        Assert.Empty(finance.Hub.Status("finance").Drift);

        await finance.CommitAsync("ALTER TABLE pay_detail ADD pay_channel varchar(20); " + FinanceHub.InsertDetail("NEW-1", "新增列"));
        var added = Assert.Single(finance.Hub.Status("finance").Drift);
        Assert.Equal((Codes.ColumnNotMapped, Severity.Information), (added.Code, added.Severity));
        Assert.Contains("public.pay_detail has the column 'pay_channel' (varchar)", added.Message);
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("新增列")}"));

        await finance.CommitAsync("ALTER TABLE pay_detail DROP pay_channel, DROP tracking_id; " + FinanceHub.InsertDetail("NEW-2", "删除列"));
        var gone = Assert.Single(finance.Hub.Status("finance").Drift);
        Assert.Equal((Codes.MappedColumnGone, Severity.Warning), (gone.Code, gone.Severity));
        Assert.Contains("'tracking_id'", gone.Message);
        Assert.Contains("'trackingId' is null", gone.Message);
        var record = (await finance.RecordAsync(FinanceHub.Detail, "NEW-2")).GetProperty("record");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, record.GetProperty("trackingId").ValueKind);

        var status = await finance.Hub.GetAsync("/api/v1/status", Cancel);
        Assert.Equal(Codes.MappedColumnGone, status.GetProperty("sources")[0].GetProperty("drift")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_required_column_that_is_gone_stops_its_source_alone_until_the_definition_is_mended()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, before: start =>
        {
            Shipped.WriteFinance(start.Connectors, start.Connection, start.Slot + "_second", source: "second");
            // The second source does not take the table that is about to lose its column.
            var file = Path.Combine(start.Connectors, "second.yaml");
            var tables = File.ReadAllText(file).Split("  - table: ");
            File.WriteAllText(file, string.Join("  - table: ", tables.Where(table => !table.StartsWith("public.pay_detail\n", StringComparison.Ordinal))));
            return Task.CompletedTask;
        });
        await finance.CatchUpAsync();
        await finance.CatchUpAsync("second");
        await finance.Database.ExecuteAsync("ALTER TABLE pay_detail RENAME pay_amt TO pay_amount; UPDATE pay_detail SET add_word = '列没了'", Cancel);
        await finance.Hub.WaitForStateAsync("finance", SourceState.Stopped, Cancel);

        var problem = finance.Hub.Status("finance").Problem!;
        Assert.Equal(Codes.MappedColumnGone, problem.Code);
        Assert.Contains("public.pay_detail has no column 'pay_amt', which the required field 'payAmount' needs", problem.Message);
        Assert.Contains("Correct the mapping", problem.Suggestion);

        await finance.Database.ExecuteAsync("UPDATE project_info SET pro_name = '另一来源照常' WHERE pro_code = (SELECT min(pro_code) FROM project_info)", Cancel);
        await finance.CatchUpAsync("second");
        Assert.True(await finance.CountAsync($"source=second&q={Uri.EscapeDataString("\"另一来源照常\"")}") > 0);
        Assert.Equal(0, await finance.CountAsync($"source=finance&q={Uri.EscapeDataString("\"另一来源照常\"")}"));

        // Nothing was lost: with the definition mended, the source goes on from where it stopped.
        await finance.Hub.StopAsync(Cancel);
        var definition = Path.Combine(finance.Connectors, "finance.yaml");
        var sections = File.ReadAllText(definition).Split("  - table: ");
        File.WriteAllText(definition, string.Join("  - table: ", sections.Select(section => section.StartsWith("public.pay_detail\n", StringComparison.Ordinal)
            ? section.Replace("payAmount: pay_amt\n", "payAmount: pay_amount\n", StringComparison.Ordinal) : section)));
        await finance.Hub.StartAsync(Cancel);
        await finance.CatchUpAsync();
        var comparison = await finance.CompareAsync();
        Assert.True(comparison.IsEqual, comparison.ToString());
    }
}
