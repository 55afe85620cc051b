using Hub.Core.Ops;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>Hub goes on where it was, and builds anew what was lost.</summary>
public abstract class RestartTests(PostgresFixture postgres, LogKind log)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_restart_goes_on_with_what_was_committed_meanwhile_and_reads_nothing_again()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log);
        await finance.CatchUpAsync();
        var before = await EntriesAsync(finance);
        await finance.Hub.StopAsync(Cancel);
        await finance.Database.ExecuteAsync(FinanceHub.InsertDetail("LATER-1", "停机期间") + FinanceHub.InsertDetail("LATER-2", "停机期间"), Cancel);

        await finance.Hub.StartAsync(Cancel);
        await finance.CatchUpAsync();
        Assert.Equal(2, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("停机期间")}"));
        Assert.Equal(before + 2, await EntriesAsync(finance));
        Assert.Equal(2, finance.Hub.Status("finance").Records);
        await finance.AssertEqualAsync();
    }

    [Fact]
    public async Task An_index_that_was_deleted_is_built_anew_from_the_log()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log);
        await finance.CommitAsync(FinanceHub.InsertDetail("KEPT-1", "重建") + "DELETE FROM final_account_line;");
        await finance.Hub.StopAsync(Cancel);
        Directory.Delete(finance.Hub.IndexFolder, recursive: true);

        await finance.Hub.StartAsync(Cancel);
        await finance.CatchUpAsync();
        Assert.Equal(0, finance.Hub.Status("finance").Records);
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("重建")}"));
        Assert.Equal(0, await finance.CountAsync("subject=finance.finalAccountLine"));
        await finance.AssertEqualAsync();
    }

    [Fact]
    public async Task Records_of_a_table_taken_out_of_the_definition_are_not_passed_off_as_fresh()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, before: start =>
        {
            Shipped.WriteFinance(start.Connectors, start.Connection, start.Slot + "_second", source: "second");
            return Task.CompletedTask;
        });
        await finance.CatchUpAsync();
        await finance.CatchUpAsync("second");
        Assert.Empty((await finance.Hub.GetAsync("/api/v1/status", Cancel)).GetProperty("findings").EnumerateArray());
        await finance.Hub.StopAsync(Cancel);
        var file = Path.Combine(finance.Connectors, "finance.yaml");
        var tables = File.ReadAllText(file).Split("  - table: ");
        File.WriteAllText(file, string.Join("  - table: ", tables.Where(table => !table.StartsWith("public.pay_detail\n", StringComparison.Ordinal))));

        await finance.Hub.StartAsync(Cancel);
        await finance.CatchUpAsync();
        var left = await finance.CountAsync($"subject={FinanceHub.Detail}&source=finance");
        var finding = Assert.Single((await finance.Hub.GetAsync("/api/v1/status", Cancel)).GetProperty("findings").EnumerateArray());
        Assert.Equal((Codes.RecordsLeft, "warning", FinanceHub.Detail), (finding.GetProperty("code").GetString(), finding.GetProperty("severity").GetString(), finding.GetProperty("place").GetString()));
        Assert.Contains($"no table of the source 'finance' fills {FinanceHub.Detail} any more; {left} records", finding.GetProperty("message").GetString());
        Assert.False(await IsKeptAsync($"subject={FinanceHub.Detail}&source=finance"));
        Assert.True(await IsKeptAsync($"subject={FinanceHub.Detail}&source=second"));
        Assert.True(await IsKeptAsync("subject=finance.agency&source=finance"));

        async Task<bool> IsKeptAsync(string query)
        {
            var hit = (await finance.SearchAsync($"{query}&size=1")).GetProperty("hits")[0];
            var record = await finance.Hub.GetAsync($"/api/v1/records/{hit.GetProperty("subject").GetString()}/{Uri.EscapeDataString(hit.GetProperty("id").GetString()!)}", Cancel);
            Assert.Equal(hit.GetProperty("isKept").GetBoolean(), record.GetProperty("isKept").GetBoolean());
            return record.GetProperty("isKept").GetBoolean();
        }
    }

    private static async Task<int> EntriesAsync(FinanceHub finance)
        => (await LogState.ReadAsync(finance.Hub.Log, [.. finance.Hub.Definitions[0].Tables.Select(table => table.Subject)], Cancel)).Entries;
}

public sealed class SqliteRestartTests(PostgresFixture postgres) : RestartTests(postgres, LogKind.Sqlite);

public sealed class KafkaRestartTests(PostgresFixture postgres) : RestartTests(postgres, LogKind.Kafka);
