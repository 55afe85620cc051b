using System.Globalization;
using Hub.Core.Index;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

public abstract partial class IndexContract
{
    [Fact]
    public async Task A_document_comes_back_with_the_bytes_that_were_written()
    {
        var entry = Entry.Put("finance:1", 7, ("agencyName", "区教育局"), ("payeeAccount", "6222000011112222"), ("note", "只存不查"));

        Assert.Equal([WriteOutcome.Applied], await WriteAsync(entry));

        var document = await Index.GetAsync(Payment, "finance:1", Token);
        Assert.Equal(("finance:1", Payment, 7), (document!.Id, document.Subject, document.Version));
        Assert.Equal(entry.Value!, document.Value.ToArray());
        Assert.Null(await Index.GetAsync(Project, "finance:1", Token));
        Assert.Null(await Index.GetAsync(Payment, "finance:2", Token));
    }

    [Fact]
    public async Task A_stale_write_loses()
    {
        await WriteAsync(Entry.Put("finance:1", 5, ("agencyName", "新")));

        Assert.Equal([WriteOutcome.Stale, WriteOutcome.Applied], await WriteAsync(
            Entry.Put("finance:1", 4, ("agencyName", "旧")), Entry.Put("finance:1", 5, ("agencyName", "再"))));
        Assert.Equal(5, (await Index.GetAsync(Payment, "finance:1", Token))!.Version);
        Assert.Equal(1, (await Index.SearchAsync(new(), Token)).Total);
        Assert.Equal(["finance:1"], await FindAsync("再"));
    }

    [Fact]
    public async Task Versions_decide_within_one_batch_too()
    {
        Assert.Equal(
            [WriteOutcome.Applied, WriteOutcome.Stale, WriteOutcome.Applied, WriteOutcome.Stale],
            await WriteAsync(Entry.Put("finance:1", 5), Entry.Put("finance:1", 4), Entry.Delete("finance:1", 6), Entry.Put("finance:1", 5)));
        Assert.Null(await Index.GetAsync(Payment, "finance:1", Token));
    }

    [Fact]
    public async Task The_later_of_two_writes_with_the_same_version_counts_in_a_large_batch_too()
    {
        // Large enough for several requests at once, where the index is asked by requests.
        Entry[] Writes(string agency) => [.. Enumerable.Range(0, 1_500).Select(i => Entry.Put(string.Create(CultureInfo.InvariantCulture, $"finance:{i}"), 5, ("agencyName", agency), ("note", new string('注', 100))))];

        var outcomes = await WriteAsync([.. Writes("先"), .. Writes("后")]);

        Assert.All(outcomes, outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal(1_500, (await Index.SearchAsync(new() { Text = "后", Size = 0 }, Token)).Total);
        Assert.Equal(0, (await Index.SearchAsync(new() { Text = "先", Size = 0 }, Token)).Total);
    }

    [Fact]
    public async Task A_replayed_upsert_does_not_bring_back_a_deleted_document()
    {
        await WriteAsync(Entry.Put("finance:1", 1, ("agencyName", "区教育局")), Entry.Put("finance:2", 1), Entry.Delete("finance:1", 3));

        Assert.Equal([WriteOutcome.Stale], await WriteAsync(Entry.Put("finance:1", 2)));
        Assert.Null(await Index.GetAsync(Payment, "finance:1", Token));
        Assert.Equal(["finance:2"], await IdsAsync(new SearchQuery()));
        Assert.Equal(["finance:2"], await IdsAsync(new ExistsFilter("agencyName", false)));
        Assert.Equal(["finance:2"], (await ScanAsync()).Select(document => document.Id));
        Assert.Contains(new SubjectCount(Payment, 1, 1), await Index.CountAsync(Token));
    }

    [Fact]
    public async Task A_newer_write_brings_a_deleted_document_back()
    {
        await WriteAsync(Entry.Delete("finance:1", 3));

        Assert.Equal([WriteOutcome.Applied], await WriteAsync(Entry.Put("finance:1", 4)));
        Assert.Equal(4, (await Index.GetAsync(Payment, "finance:1", Token))!.Version);
    }

    [Fact]
    public async Task A_truncate_deletes_what_is_older_now_and_later()
    {
        await WriteAsync(Entry.Put("finance:1", 1), Entry.Put("finance:2", 9), Entry.Put("other:1", 1), Entry.PutProject("finance:1", 1, ("projectName", "道路")));

        Assert.Equal([WriteOutcome.Applied], await WriteAsync(Entry.Truncate("finance", 5)));
        Assert.Equal(["finance:2", "other:1", "finance:1"], await IdsAsync(new SearchQuery()));
        Assert.Equal(
            [WriteOutcome.Stale, WriteOutcome.Stale, WriteOutcome.Applied, WriteOutcome.Applied, WriteOutcome.Stale],
            await WriteAsync(Entry.Put("finance:1", 4), Entry.Put("finance:3", 4), Entry.Put("finance:4", 5), Entry.Put("other:2", 1), Entry.Truncate("finance", 4)));
    }

    [Fact]
    public async Task What_the_index_cannot_hold_is_rejected_with_a_reason()
    {
        var good = Entry.Put("finance:1", 1);
        var outcomes = await WriteAsync(
            good with { Id = "nocolon" },
            good with { Subject = "test.nothing" },
            good with { Subject = Project },
            good with { Value = [1, 2, 3] },
            good with { Value = good.Value![..7] },
            Entry.Put("finance:1", 1, ("payAmount", "99999999999999999999.00")),
            good);

        Assert.All(outcomes.SkipLast(1), outcome => Assert.NotEmpty(Assert.IsType<WriteOutcome.Rejected>(outcome).Reason));
        Assert.Same(WriteOutcome.Applied, outcomes[^1]);
        Assert.Equal(1, (await Index.SearchAsync(new(), Token)).Total);
    }

    [Fact]
    public async Task A_very_long_text_or_keyword_is_kept()
    {
        var text = new string('长', 40_000);
        var entry = Entry.Put("finance:1", 1, ("agencyName", text), ("voucherNo", text));

        Assert.Equal([WriteOutcome.Applied], await WriteAsync(entry));
        Assert.Equal(entry.Value!, (await Index.GetAsync(Payment, "finance:1", Token))!.Value.ToArray());
    }

    [Fact]
    public async Task Whatever_order_writes_arrive_in_the_newest_stays()
    {
        var random = new Random(20250301);
        var model = new Dictionary<string, (long Version, byte[]? Value)>(StringComparer.Ordinal);
        var floors = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var round = 0; round < 40; round++)
        {
            var entries = Enumerable.Range(0, 50).Select(_ => RandomEntry(random)).ToArray();
            var outcomes = new List<WriteOutcome>();
            await Index.WriteAsync(Batch(entries), outcomes, Token);
            for (var i = 0; i < entries.Length; i++)
                Assert.Equal(Model(entries[i], model, floors), outcomes[i] == WriteOutcome.Applied);
            if (random.Next(3) == 0)
                await Index.RefreshAsync(Token);
        }

        await Index.RefreshAsync(Token);
        var live = model.Where(pair => pair.Value.Value is not null).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        var scanned = await ScanAsync();
        Assert.Equal(live.Select(pair => (pair.Key, pair.Value.Version)), scanned.Select(document => (document.Id, document.Version)));
        Assert.All(scanned, document => Assert.Equal(model[document.Id].Value, document.Value.ToArray()));
        Assert.Equal(live.Count, (await Index.SearchAsync(new() { Size = 0 }, Token)).Total);
    }

    [Fact]
    public async Task A_scan_goes_on_after_an_id()
    {
        await WriteAsync(Entry.Put("b:2", 1), Entry.Put("a:1", 1), Entry.Put("b:10", 1), Entry.PutProject("a:9", 1, ("projectName", "x")));

        Assert.Equal(["a:1", "b:10", "b:2"], (await ScanAsync()).Select(document => document.Id));
        Assert.Equal(["b:2"], (await ScanAsync("b:10")).Select(document => document.Id));
        Assert.Equal(["b:10", "b:2"], (await ScanAsync("b")).Select(document => document.Id));
        Assert.Empty(await ScanAsync("b:2"));
    }

    private static Entry RandomEntry(Random random)
    {
        var source = random.Next(2) == 0 ? "finance" : "other";
        var id = string.Create(CultureInfo.InvariantCulture, $"{source}:{random.Next(30)}");
        var version = random.Next(1, 400);
        return random.Next(40) switch
        {
            0 => Entry.Truncate(source, version / 2),
            < 12 => Entry.Delete(id, version),
            _ => Entry.Put(id, version, ("lineCount", random.Next())),
        };
    }

    private static bool Model(Entry entry, Dictionary<string, (long Version, byte[]? Value)> model, Dictionary<string, long> floors)
    {
        var source = entry.Id.Split(':')[0];
        var floor = floors.GetValueOrDefault(source);
        if (entry.Version < floor)
            return false;
        if (entry.Operation == Hub.Core.Records.Operation.Truncate)
        {
            floors[source] = entry.Version;
            foreach (var id in model.Keys.Where(id => id.StartsWith(source, StringComparison.Ordinal) && model[id].Version < entry.Version).ToList())
                model[id] = (entry.Version, null);
            return true;
        }

        if (model.TryGetValue(entry.Id, out var held) && entry.Version < held.Version)
            return false;
        model[entry.Id] = (entry.Version, entry.Value);
        return true;
    }
}
