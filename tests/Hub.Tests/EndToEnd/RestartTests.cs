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

    private static async Task<int> EntriesAsync(FinanceHub finance)
        => (await LogState.ReadAsync(finance.Hub.Log, [.. finance.Hub.Definitions[0].Tables.Select(table => table.Subject)], Cancel)).Entries;
}

public sealed class SqliteRestartTests(PostgresFixture postgres) : RestartTests(postgres, LogKind.Sqlite);

public sealed class KafkaRestartTests(PostgresFixture postgres) : RestartTests(postgres, LogKind.Kafka);
