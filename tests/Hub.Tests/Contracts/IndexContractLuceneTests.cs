using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Lucene;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

public sealed class LuceneIndexContractTests : IndexContract
{
    private readonly string root = Directory.CreateTempSubdirectory("hub-index-").FullName;
    private int copies;

    private string Folder => Path.Combine(root, "index");

    protected override IIndex Open(SchemaCatalog catalog) => Open(Folder, catalog);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_new_index_knows_no_offsets()
        => Assert.Empty(Index.DurableOffsets!);

    [Fact]
    public async Task Documents_and_offsets_are_there_after_opening_again()
    {
        await WriteAsync(Entry.Put("finance:1", 3, ("agencyName", "区教育局")), Entry.Delete("finance:2", 4), Entry.Truncate("other", 9));
        await Index.CommitAsync(Offsets(42), Token);
        Assert.Equal(Offsets(42), Index.DurableOffsets);
        await Index.DisposeAsync();

        await using var again = Open(Folder, Catalog);
        Assert.Equal(Offsets(42), again.DurableOffsets);
        Assert.Equal(3, (await again.GetAsync(Payment, "finance:1", Token))!.Version);
        var outcomes = new List<WriteOutcome>();
        await again.WriteAsync(Batch(Entry.Put("finance:1", 2), Entry.Put("finance:2", 3), Entry.Put("other:1", 8), Entry.Put("finance:1", 4)), outcomes, Token);
        Assert.Equal([WriteOutcome.Stale, WriteOutcome.Stale, WriteOutcome.Stale, WriteOutcome.Applied], outcomes);
    }

    [Fact]
    public async Task Offsets_of_one_log_are_not_used_on_another()
    {
        await Index.AttachAsync("one", Token);
        await Index.CommitAsync(Offsets(42), Token);
        await Index.DisposeAsync();

        await using var again = Open(Folder, Catalog);
        await again.AttachAsync("one", Token);
        var failure = await Assert.ThrowsAsync<HubException>(async () => await again.AttachAsync("two", Token));
        Assert.Equal(Codes.IndexDamaged, failure.Findings[0].Code);
        Assert.Contains("another log", failure.Findings[0].Message, StringComparison.Ordinal);
        Assert.Contains("delete the folder", failure.Findings[0].Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_not_committed_goes_together_with_its_offsets()
    {
        await WriteAsync(Entry.Put("finance:1", 1), Entry.Put("finance:2", 1));
        await Index.CommitAsync(Offsets(2), Token);
        await WriteAsync(Entry.Put("finance:1", 5), Entry.Truncate("finance", 3), Entry.Put("finance:4", 9));

        await using var crashed = Open(Copy(), Catalog);
        Assert.Equal(Offsets(2), crashed.DurableOffsets);
        Assert.Equal(1, (await crashed.GetAsync(Payment, "finance:1", Token))!.Version);
        Assert.Equal(1, (await crashed.GetAsync(Payment, "finance:2", Token))!.Version);
        Assert.Null(await crashed.GetAsync(Payment, "finance:4", Token));
    }

    [Fact]
    public async Task An_index_that_crashed_while_new_opens_again()
    {
        await WriteAsync(Entry.Put("finance:1", 1));

        await using var crashed = Open(Copy(), Catalog);
        Assert.Empty(crashed.DurableOffsets!);
        Assert.Equal(0, (await crashed.SearchAsync(new(), Token)).Total);
    }

    [Fact]
    public async Task Offsets_of_other_partitions_stay()
    {
        await Index.CommitAsync(new Dictionary<Hub.Core.Log.TopicPartition, long> { [new(Payment, 0)] = 1, [new(Payment, 1)] = 7 }, Token);
        await Index.CommitAsync(Offsets(2), Token);

        Assert.Equal(2, Index.DurableOffsets![new(Payment, 0)]);
        Assert.Equal(7, Index.DurableOffsets![new(Payment, 1)]);
    }

    [Theory]
    [InlineData("segments_*")]
    [InlineData("*.cfs")]
    [InlineData("*.si")]
    public async Task A_damaged_folder_is_refused_with_what_to_do(string pattern)
    {
        await WriteAsync(Entry.Put("finance:1", 1));
        await Index.CommitAsync(Offsets(1), Token);
        var folder = Copy();
        var files = Directory.GetFiles(folder, pattern);
        Assert.NotEmpty(files);
        foreach (var file in files)
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..8]);

        AssertDamaged(folder, Catalog, "cannot be read");
    }

    [Fact]
    public void A_folder_of_something_else_is_refused_and_left_alone()
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "letters")).FullName;
        File.WriteAllText(Path.Combine(folder, "letter.txt"), "Dear deputy");

        AssertDamaged(folder, Catalog, "letter.txt");
        Assert.Equal(["letter.txt"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_index_for_other_field_roles_says_which_field_changed()
    {
        await Index.CommitAsync(Offsets(1), Token);

        AssertDamaged(Copy(), ChangedCatalog, "'test.payment.fundTypeCode'");
    }

    [Fact]
    public async Task An_amount_that_is_too_large_is_refused_with_the_limit_and_what_to_do()
    {
        var outcomes = await WriteAsync(Entry.Put("finance:1", 1, ("payAmount", "92233720368547758.07")), Entry.Put("finance:2", 1, ("payAmount", "92233720368547758.08")));

        Assert.Same(WriteOutcome.Applied, outcomes[0]);
        var reason = Assert.IsType<WriteOutcome.Rejected>(outcomes[1]).Reason;
        Assert.Contains("beyond 92233720368547758.07, the largest that the index can hold. Correct it upstream", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_opening_of_the_folder_is_refused()
        => Assert.Equal(Codes.DataFolderInUse, Assert.Single(Assert.Throws<HubException>(() => Open(Folder, Catalog)).Findings).Code);

    [Fact]
    public async Task Versions_hold_when_the_index_refreshes_by_itself()
    {
        await using var small = Open(Path.Combine(root, "small"), Catalog, maxPending: 10);
        var outcomes = new List<WriteOutcome>();
        await small.WriteAsync(Batch([.. Enumerable.Range(0, 200).Select(i => Entry.Put($"finance:{i % 50}", 100 - i / 50 * (i % 2)))]), outcomes, Token);

        Assert.Equal(200 - 75, outcomes.Count(outcome => outcome == WriteOutcome.Applied));
        await small.RefreshAsync(Token);
        Assert.Equal(50, (await small.SearchAsync(new(), Token)).Total);
    }

    [Fact]
    public async Task Purged_delete_markers_are_forgotten()
    {
        await WriteAsync(Entry.Delete("finance:1", 3), Entry.Delete("finance:2", 5), Entry.Put("finance:3", 1));

        await ((LuceneIndex)Index).PurgeDeleteMarkersAsync(5, Token);

        Assert.Contains(new SubjectCount(Payment, 1, 1), await Index.CountAsync(Token));
        Assert.Equal([WriteOutcome.Applied, WriteOutcome.Stale], await WriteAsync(Entry.Put("finance:1", 1), Entry.Put("finance:2", 1)));
    }

    [Fact]
    public async Task Searches_go_on_while_documents_are_written()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var searching = Task.Run(
            async () =>
            {
                var searches = 0;
                for (; !stop.IsCancellationRequested || searches == 0; searches++)
                    await Index.SearchAsync(new() { Text = "教育", Facets = ["voucherNo"] }, Token);
                return searches;
            },
            Token);
        for (var i = 0; i < 20; i++)
            await WriteAsync([.. Enumerable.Range(0, 50).Select(n => Entry.Put($"finance:{n}", i, ("agencyName", "区教育局"), ("voucherNo", $"{n}")))]);
        await stop.CancelAsync();

        Assert.True(await searching > 0);
        Assert.Equal(50, (await Index.SearchAsync(new() { Text = "教育" }, Token)).Total);
    }

    private static void AssertDamaged(string folder, SchemaCatalog catalog, string reason)
    {
        var finding = Assert.Single(Assert.Throws<HubException>(() => Open(folder, catalog)).Findings);
        Assert.Equal(Codes.IndexDamaged, finding.Code);
        Assert.Contains(reason, finding.Message, StringComparison.Ordinal);
        Assert.Contains("delete the folder", finding.Suggestion, StringComparison.Ordinal);
    }

    private static LuceneIndex Open(string folder, SchemaCatalog catalog, int maxPending = 100_000)
        => new(new LuceneIndexOptions { Folder = folder, MaxPendingVersions = maxPending }, catalog);

    /// <summary>What a crash at this moment would leave.</summary>
    private string Copy()
    {
        var copy = Directory.CreateDirectory(Path.Combine(root, $"copy{++copies}")).FullName;
        foreach (var file in Directory.GetFiles(Folder).Where(file => Path.GetFileName(file) != "write.lock"))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }
}
