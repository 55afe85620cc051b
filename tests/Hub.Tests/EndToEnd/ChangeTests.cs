using System.Globalization;
using System.Text.Json;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>What is committed upstream is what a search finds a moment later.</summary>
public abstract class ChangeTests(PostgresFixture postgres, LogKind log, EngineFixture? engine = null)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_is_found_changed_moved_and_gone_as_it_is_upstream()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log, engine);
        await finance.CommitAsync(FinanceHub.InsertDetail("E2E-1", "龙舟赛场地租赁") + FinanceHub.InsertDetail("E2E-2", "龙舟赛安保") + FinanceHub.InsertDetail("E2E~3%", "龙舟赛宣传"));
        Assert.Equal(["finance:E2E%7E3%25", "finance:E2E-1", "finance:E2E-2"], await FoundAsync("龙舟赛"));
        Assert.Equal(["finance:E2E-1"], await FoundAsync("\"场地租赁\""));

        await finance.CommitAsync("UPDATE pay_detail SET add_word = '龙舟赛奖品', pay_amt = 7 WHERE pay_detail_id = 'E2E-1'");
        Assert.Empty(await FoundAsync("场地租赁"));
        Assert.Equal("7.00", (await finance.RecordAsync(FinanceHub.Detail, "E2E-1")).GetProperty("record").GetProperty("payAmount").GetString());

        await finance.CommitAsync("UPDATE pay_detail SET pay_detail_id = 'E2E-9' WHERE pay_detail_id = 'E2E-1'");
        Assert.Equal(["finance:E2E-9"], await FoundAsync("龙舟赛奖品"));

        await finance.CommitAsync("UPDATE pay_detail SET is_deleted = '1' WHERE pay_detail_id = 'E2E-9'; DELETE FROM pay_detail WHERE pay_detail_id = 'E2E-2'");
        Assert.Equal(["finance:E2E%7E3%25"], await FoundAsync("龙舟赛"));
        await finance.CommitAsync("UPDATE pay_detail SET is_deleted = '2' WHERE pay_detail_id = 'E2E-9'");
        Assert.Equal(2, (await FoundAsync("龙舟赛")).Count);
        await finance.AssertEqualAsync();

        await finance.CommitAsync("BEGIN; " + FinanceHub.InsertDetail("E2E-4", "龙舟赛") + "TRUNCATE pay_detail; " + FinanceHub.InsertDetail("E2E-5", "龙舟赛") + "COMMIT");
        Assert.Equal(["finance:E2E-5"], await FoundAsync("龙舟赛"));
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}"));
        await finance.AssertEqualAsync();

        async Task<List<string>> FoundAsync(string words)
            => [.. (await finance.SearchAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString(words)}")).GetProperty("hits").EnumerateArray()
                .Select(hit => hit.GetProperty("id").GetString()!).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_search_that_must_be_as_fresh_as_now_finds_what_was_committed_before()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log);
        await finance.CatchUpAsync();
        for (var round = 1; round <= 5; round++)
        {
            await finance.Database.ExecuteAsync(FinanceHub.InsertDetail($"NOW-{round}", "赛龙舟"), Cancel);
            var now = (await finance.NowAsync()).ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
            Assert.Equal(round, await finance.CountAsync($"subject={FinanceHub.Detail}&q=赛龙舟&minFreshness={now}&wait=60s"));
            // What the log held then is there too, also where its ends are past what is no record.
            var receipt = (await finance.Hub.GetAsync("/api/v1/receipt", Cancel)).GetProperty("receipt").GetString();
            Assert.Equal(round, await finance.CountAsync($"subject={FinanceHub.Detail}&q=赛龙舟&waitFor={receipt}&wait=60s"));
        }
    }

    [Fact]
    public async Task The_moment_of_completeness_goes_on_while_nothing_changes_and_holds_what_it_promises()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log, engine);
        await finance.CatchUpAsync();
        var records = finance.Hub.Status("finance").Records;
        var first = await AsOfAsync();
        await finance.CatchUpAsync();
        Assert.True(await AsOfAsync() > first);
        Assert.Equal(records, finance.Hub.Status("finance").Records);

        // A writer commits all the time; whatever it had committed before the moment that an answer states must be in that answer.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var committed = new List<DateTimeOffset>();
        var writing = WriteAsync(finance, committed, stop.Token);
        for (var round = 0; round < 40 || committed.Count < 100; round++)
        {
            var answer = await finance.SearchAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("端午")}&size=0");
            var asOf = answer.GetProperty("asOf").GetProperty("finance").GetDateTimeOffset();
            int promised;
            lock (committed)
                promised = committed.Count(moment => moment < asOf);
            Assert.True(answer.GetProperty("total").GetInt64() >= promised, $"{answer.GetProperty("total")} found, {promised} were committed before {asOf:O}.");
        }

        await stop.CancelAsync();
        await writing;
        await finance.CatchUpAsync();
        Assert.Equal(committed.Count, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("端午")}"));

        async Task<DateTimeOffset> AsOfAsync() => (await finance.SearchAsync("size=0")).GetProperty("asOf").GetProperty("finance").GetDateTimeOffset();
    }

    [Fact]
    public async Task Five_hundred_transactions_of_a_working_day_leave_table_log_and_index_equal()
    {
        await using var finance = await FinanceHub.StartAsync(postgres, log, engine);
        // The first ones while the database is still being read in full.
        await using var activity = await finance.OpenActivityAsync(seed: 7);
        var rows = 0;
        for (var i = 0; i < 500; i++)
            rows += await activity.CommitAsync(Cancel);
        await finance.CatchUpAsync();

        var comparison = await finance.CompareAsync();
        Assert.True(comparison.IsEqual, comparison.ToString());
        Assert.True(comparison.Rows > 1_000 && rows >= 500, comparison.ToString());
        Assert.Equal(0, finance.Hub.Status("finance").DeadLetters);
    }

    private static async Task WriteAsync(FinanceHub finance, List<DateTimeOffset> committed, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await finance.Database.ExecuteAsync(FinanceHub.InsertDetail($"DW-{i:D5}", "端午慰问"), Cancel);
            var moment = await finance.Database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel);
            lock (committed)
                committed.Add(moment);
        }
    }
}

public sealed class SqliteChangeTests(PostgresFixture postgres) : ChangeTests(postgres, LogKind.Sqlite);

public sealed class KafkaChangeTests(PostgresFixture postgres) : ChangeTests(postgres, LogKind.Kafka);

[Trait("needs", "engine")]
public sealed class EngineChangeTests(PostgresFixture postgres, EngineFixture engine) : ChangeTests(postgres, LogKind.Sqlite, engine);
