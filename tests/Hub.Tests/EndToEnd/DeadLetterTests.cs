using System.Text.Json;
using Hub.Core.Records;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>A row that does not fit is kept with all that is known of it, and the others flow on.</summary>
public abstract class DeadLetterTests(PostgresFixture postgres, LogKind log)
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_that_does_not_fit_becomes_a_dead_letter_until_it_is_corrected()
    {
        await using var finance = await StartAsync(start => start.Database.ExecuteAsync(
            FinanceHub.InsertDetail("BAD-1", "三位小数", amount: "12.345") + FinanceHub.InsertDetail("BAD-2", "删除标志", deleted: "7"), Cancel));
        await finance.CatchUpAsync();
        await finance.CommitAsync(FinanceHub.InsertDetail("BAD-3", "流中三位小数", amount: "0.001") + FinanceHub.InsertDetail("GOOD-1", "其余照常"));

        Assert.Equal(3, finance.Hub.Status("finance").DeadLetters);
        Assert.Equal(1, await finance.CountAsync($"subject={FinanceHub.Detail}&q={Uri.EscapeDataString("其余照常")}"));
        var letters = await LettersAsync(finance);
        var (read, streamed, flag) = (letters["BAD-1"], letters["BAD-3"], letters["BAD-2"]);
        Assert.All(letters.Values, letter => Assert.Equal(("open", "not-mapped", "finance.paymentDetail", "public.pay_detail"), (letter["state"], letter["reason"], letter["subject"], letter["relation"])));
        Assert.All(letters.Values, letter => Assert.Matches("^[0-9A-F]{16}-[0-9]{8}$", letter["position"]));
        Assert.Contains("payAmount", read["detail"]);
        Assert.Contains("'12.345'", read["detail"]);
        Assert.Contains("'is_deleted'", flag["detail"]);
        Assert.Contains("'7'", flag["detail"]);
        var bytes = JsonDocument.Parse(read["record"]!).RootElement;
        Assert.Equal(("12.345", "三位小数", JsonValueKind.Null), (bytes.GetProperty("pay_amt").GetString(), bytes.GetProperty("add_word").GetString(), bytes.GetProperty("town").ValueKind));
        Assert.Equal(($"{(int)Operation.Snapshot}", null), (read["operation"], read["occurredAt"]));
        Assert.Equal($"{(int)Operation.Create}", streamed["operation"]);
        Assert.NotNull(streamed["occurredAt"]);
        Assert.True(long.Parse(streamed["version"]!, null) > long.Parse(read["version"]!, null));
        // The API says why and from where, and does not show the bytes.
        var shown = (await finance.Hub.GetAsync("/api/v1/dead-letters?source=finance", Cancel)).GetProperty("deadLetters").EnumerateArray().ToList();
        Assert.Equal(3, shown.Count);
        Assert.All(shown, letter => Assert.False(letter.TryGetProperty("record", out _)));

        await finance.CommitAsync("UPDATE pay_detail SET pay_amt = 12.34 WHERE pay_detail_id = 'BAD-1'");
        Assert.Equal(2, finance.Hub.Status("finance").DeadLetters);

        // Also what a Hub before this one refused is closed by the correction, or by the row's end.
        await finance.Hub.StopAsync(Cancel);
        await finance.Database.ExecuteAsync("UPDATE pay_detail SET is_deleted = '2' WHERE pay_detail_id = 'BAD-2'", Cancel);
        await finance.Hub.StartAsync(Cancel);
        await finance.CatchUpAsync();
        Assert.Equal(1, finance.Hub.Status("finance").DeadLetters);
        await finance.CommitAsync("DELETE FROM pay_detail WHERE pay_detail_id = 'BAD-3'");
        Assert.Equal(0, finance.Hub.Status("finance").DeadLetters);
        Assert.All((await LettersAsync(finance)).Values, letter => Assert.Equal("superseded", letter["state"]));
        var comparison = await finance.CompareAsync();
        Assert.True(comparison.IsEqual && comparison.Refused.Count == 0, comparison.ToString());
    }

    private protected Task<FinanceHub> StartAsync(Func<FinanceHub, Task>? before = null) => FinanceHub.StartAsync(postgres, log, before: before);

    private protected static async Task<Dictionary<string, Dictionary<string, string?>>> LettersAsync(FinanceHub finance)
    {
        var letters = new Dictionary<string, Dictionary<string, string?>>(StringComparer.Ordinal);
        await foreach (var document in finance.Hub.Index.ScanAsync("hub.deadLetter", null, Cancel))
        {
            var letter = ExpectedRecord.Of(finance.Hub.Catalog, document.Value.Span);
            letters.Add(letter["documentKey"]!, letter);
        }

        return letters;
    }
}

/// <summary>Runs also what has nothing to do with where the log is.</summary>
public sealed class SqliteDeadLetterTests(PostgresFixture postgres) : DeadLetterTests(postgres, LogKind.Sqlite)
{
    [Fact]
    public async Task A_document_that_was_good_before_keeps_its_last_good_form_and_a_truncate_closes_its_dead_letter()
    {
        await using var finance = await StartAsync();
        await finance.CommitAsync(FinanceHub.InsertDetail("WAS-GOOD", "好"));
        await finance.CommitAsync("UPDATE pay_detail SET pay_amt = 1.239 WHERE pay_detail_id = 'WAS-GOOD'");
        Assert.Equal("100.50", (await finance.RecordAsync(FinanceHub.Detail, "WAS-GOOD")).GetProperty("record").GetProperty("payAmount").GetString());
        Assert.Equal(1, finance.Hub.Status("finance").DeadLetters);
        await finance.CommitAsync("TRUNCATE pay_detail");
        Assert.Equal(0, finance.Hub.Status("finance").DeadLetters);
        Assert.Equal("superseded", (await LettersAsync(finance))["WAS-GOOD"]["state"]);
    }
}

public sealed class KafkaDeadLetterTests(PostgresFixture postgres) : DeadLetterTests(postgres, LogKind.Kafka);
