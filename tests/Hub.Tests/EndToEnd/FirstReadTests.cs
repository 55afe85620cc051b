using System.Globalization;
using System.Text.Json;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>What a search finds once the finance database has been read in full.</summary>
public abstract class FirstReadTests(PostgresFixture postgres, LogKind log, EngineFixture? engine = null)
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_row_is_searchable_and_the_sums_are_those_of_the_database()
    {
        await using var finance = await StartAsync();
        await finance.CatchUpAsync();
        // Also while the index has not made all of it durable yet.
        Assert.Equal(0, (await finance.Hub.GetAsync("/api/v1/status", Cancel)).GetProperty("groups")[0].GetProperty("lag").GetInt64());

        foreach (var table in finance.Hub.Definitions[0].Tables)
        {
            var mark = table.Deleted!.Values.First(value => value.Value).Key;
            var live = await finance.Database.ScalarAsync<long>($"SELECT count(*) FROM {table.Table} WHERE {table.Deleted.Column}::text <> '{mark}'", Cancel);
            Assert.Equal((table.Subject, live), (table.Subject, await finance.CountAsync($"subject={table.Subject}")));
            Assert.True(live > 0, $"{table.Table} is empty, so this test shows nothing.");
        }

        await AssertSumAsync(finance, "finance.paymentDetail", "payAmount", "SELECT sum(pay_amt) FROM pay_detail WHERE is_deleted = '2'");
        await AssertSumAsync(finance, "finance.paymentVoucher", "payAmount", "SELECT sum(pay_amt) FROM pay_voucher_bill WHERE is_deleted = '2'");
        await AssertSumAsync(finance, "finance.paymentApplication", "payAmount", "SELECT sum(pay_app_amt) FROM pay_voucher WHERE is_deleted = '2'");
        await AssertSumAsync(finance, "finance.indicator", "balanceAmount", "SELECT sum(cur_amt) FROM ba_bgt_info WHERE is_deleted = '2'");
        await AssertSumAsync(finance, "finance.annualBudget", "currentAmount", "SELECT sum(cur_amt) FROM bgt_pm_annual_zk WHERE is_deleted = 0");
        await AssertSumAsync(finance, "finance.finalAccountLine", "totalAmount", "SELECT sum(total_amt) * 10000 FROM final_account_line WHERE is_deleted = '2'");
        await finance.AssertEqualAsync();
    }

    private protected Task<FinanceHub> StartAsync() => FinanceHub.StartAsync(postgres, log, engine);

    private static async Task AssertSumAsync(FinanceHub finance, string subject, string field, string sql)
    {
        var sum = 0m;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var hit in finance.HitsAsync($"subject={subject}"))
        {
            Assert.True(seen.Add(hit.GetProperty("id").GetString()!), $"{hit.GetProperty("id")} came twice.");
            if (hit.GetProperty("record").GetProperty(field) is { ValueKind: JsonValueKind.String } amount)
                sum += decimal.Parse(amount.GetString()!, CultureInfo.InvariantCulture);
        }

        Assert.Equal((subject, await finance.Database.ScalarAsync<decimal>(sql, Cancel)), (subject, sum));
    }
}

/// <summary>Runs also what has nothing to do with where the log is.</summary>
public sealed class SqliteFirstReadTests(PostgresFixture postgres) : FirstReadTests(postgres, LogKind.Sqlite)
{
    [Fact]
    public async Task The_way_of_the_money_can_be_followed_down_from_a_budget_and_up_from_a_payment()
    {
        await using var finance = await StartAsync();
        await finance.CatchUpAsync();
        var row = (await finance.Database.RowsAsync("""
            SELECT d.pay_detail_id, d.pay_cert_id, a.pay_app_id, i.bgt_id, b.bgt_pman_id, b.mof_div_code || '~' || b.fiscal_year || '~' || b.pro_code
            FROM pay_detail d JOIN pay_voucher a ON a.pay_app_id = d.pay_apply_id JOIN ba_bgt_info i USING (bgt_id) JOIN bgt_pm_annual_zk b USING (bgt_pman_id)
            WHERE d.is_deleted = '2' AND a.is_deleted = '2' AND i.is_deleted = '2' AND i.ori_bgt_id IS NULL LIMIT 1
            """, Cancel))[0];
        var (detail, voucher, application, indicator, budget, project) = (row[0], row[1], row[2], row[3], row[4], row[5]);

        Assert.Contains(indicator, await DownAsync("finance.annualBudget", budget, "finance.indicator", "annualBudgetId"));
        Assert.Contains(application, await DownAsync("finance.indicator", indicator, "finance.paymentApplication", "indicatorId"));
        Assert.Contains(detail, await DownAsync("finance.paymentApplication", application, FinanceHub.Detail, "applicationId"));
        Assert.Contains(detail, await DownAsync("finance.paymentVoucher", voucher, FinanceHub.Detail, "voucherId"));
        Assert.Contains(budget, await DownAsync("finance.project", project, "finance.annualBudget", "projectId"));

        // Up again, along the links alone.
        var record = await finance.RecordAsync(FinanceHub.Detail, detail);
        foreach (var (field, key) in new[] { ("applicationId", application), ("indicatorId", indicator), ("annualBudgetId", budget), ("projectId", project) })
        {
            var link = record.GetProperty("links").EnumerateArray().Single(link => link.GetProperty("field").GetString() == field);
            Assert.Equal(($"finance:{key}", true), (link.GetProperty("id").GetString(), link.GetProperty("exists").GetBoolean()));
            record = await finance.Hub.GetAsync(link.GetProperty("url").GetString()!, Cancel);
        }

        var path = (await finance.RecordAsync(FinanceHub.Detail, detail)).GetProperty("path").EnumerateArray().Select(step => step.GetProperty("id").GetString()).ToList();
        var way = new[] { project, budget, indicator, application, voucher, detail }.Select(key => $"finance:{key}").ToList();
        Assert.Equal(way, path.Where(way.Contains!));

        async Task<List<string>> DownAsync(string subject, string key, string below, string field)
        {
            var links = (await finance.RecordAsync(subject, key)).GetProperty("linkedFrom").EnumerateArray()
                .Single(each => each.GetProperty("subject").GetString() == below && each.GetProperty("field").GetString() == field);
            var hits = (await finance.Hub.GetAsync(links.GetProperty("searchUrl").GetString()! + "&size=1000", Cancel)).GetProperty("hits").EnumerateArray().ToList();
            Assert.Equal(links.GetProperty("count").GetInt64(), hits.Count);
            return [.. hits.Select(hit => hit.GetProperty("id").GetString()!["finance:".Length..])];
        }
    }
}

public sealed class KafkaFirstReadTests(PostgresFixture postgres) : FirstReadTests(postgres, LogKind.Kafka);

[Trait("needs", "engine")]
public sealed class EngineFirstReadTests(PostgresFixture postgres, EngineFixture engine) : FirstReadTests(postgres, LogKind.Sqlite, engine);
