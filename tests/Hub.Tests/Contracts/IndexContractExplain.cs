using Hub.Core.Index;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

/// <summary>An operator can see why a hit is where it is.</summary>
public abstract partial class IndexContract
{
    [Fact]
    public async Task An_explained_search_says_how_its_words_were_understood_and_asked()
    {
        await ReopenAsync(CatalogWith(Synonyms, "的"));
        await WriteAsync(Entry.Put("finance:1", 1, ("useDescription", "卫健局 道路")));

        var explanation = (await Index.SearchAsync(new() { Text = "卫健局 的 \"道路\" -鲸", Filters = [new ExistsFilter("payAmount", false)], Explain = true }, Token)).Explanation!;
        Assert.Equal(["卫健局 or \"卫生健康局\": must occur", "的: may be missing", "\"道路\": must occur", "鲸: must not occur"], explanation.Words);
        Assert.Contains("卫健", explanation.Query, StringComparison.Ordinal);
        Assert.Contains("payAmount", explanation.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_explained_hit_says_what_was_found_where_and_how_its_score_came_to_be()
    {
        await WriteFixtureAsync();

        var hits = (await Index.SearchAsync(new() { Text = "道路改造 工程", Explain = true }, Token)).Hits;
        var hit = Assert.Single(hits);
        var (matches, lines) = (hit.Explanation!.Matches, hit.Explanation.Calculation);
        Assert.All(["道路", "路改", "改造", "工程"], term => Assert.Contains(matches, match => (match.Term, match.In) == (term, "text")));
        Assert.Contains(matches, match => match is { Term: "\"道路 路改 改造\"", In: "title", Score: > 0 });
        Assert.Equal(matches.OrderByDescending(match => match.Score).Select(match => match.Score), matches.Select(match => match.Score));
        // All that was found adds up to the score, and the first line says it.
        Assert.Equal(hit.Score, matches.Sum(match => match.Score), 0.01);
        Assert.StartsWith($"{hit.Score:0.###}"[..4], lines[0], StringComparison.Ordinal);
        Assert.True(lines.Count > matches.Count);
        Assert.All(lines.Skip(1), line => Assert.StartsWith("  ", line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.DoesNotContain('\n', line));
    }

    [Fact]
    public async Task A_single_character_is_explained_too()
    {
        await WriteFixtureAsync();

        var hit = (await Index.SearchAsync(new() { Text = "券", Explain = true }, Token)).Hits[0];
        Assert.Contains(hit.Explanation!.Matches, match => match.In == "title" && match.Term.Contains('券', StringComparison.Ordinal));
        hit = Assert.Single((await Index.SearchAsync(new() { Text = "\"3月\"", Explain = true }, Token)).Hits);
        Assert.Contains(hit.Explanation!.Matches, match => match.In == "text" && match.Term.Contains("3", StringComparison.Ordinal));
        Assert.Equal(hit.Score, hit.Explanation.Matches.Sum(match => match.Score), 0.01);
    }

    [Fact]
    public async Task Nothing_is_explained_unless_asked_and_a_search_without_words_has_nothing_to_explain()
    {
        await WriteFixtureAsync();

        var plain = await Index.SearchAsync(new() { Text = "道路" }, Token);
        Assert.Null(plain.Explanation);
        Assert.All(plain.Hits, hit => Assert.Null(hit.Explanation));
        Assert.All((await Index.SearchAsync(new() { Explain = true }, Token)).Hits, hit => Assert.Empty(hit.Explanation!.Matches));
        var sorted = await Index.SearchAsync(new() { Text = "道路", Sort = new("voucherNo", false), Explain = true }, Token);
        Assert.All(sorted.Hits, hit => Assert.NotEmpty(hit.Explanation!.Matches));
        var first = await Index.SearchAsync(new() { Text = "道路", Size = 1, Explain = true }, Token);
        var second = await Index.SearchAsync(new() { Text = "道路", Size = 1, Explain = true, Cursor = first.NextCursor }, Token);
        Assert.NotEmpty(second.Hits[0].Explanation!.Matches);
    }
}
