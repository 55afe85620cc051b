using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

/// <summary>What else a word finds, and which words need not occur, is said by the schemas when a search is understood.</summary>
public abstract partial class IndexContract
{
    private const string Synonyms = """
        # 简称
        卫健局, 卫生健康局
        幼儿园,幼稚园
        低保，最低生活保障
        IPv6, 第六版协议
        """;

    [Fact]
    public async Task Synonyms_that_are_new_are_found_without_building_the_index_again()
    {
        await WriteAsync(Entry.Put("finance:1", 1, ("agencyName", "区卫生健康局")), Entry.Put("finance:2", 1, ("agencyName", "区教育局")));
        await Index.CommitAsync(Offsets(1), Token);
        Assert.Empty(await FindAsync("卫健局"));

        await ReopenAsync(CatalogWith(Synonyms));
        Assert.Equal(["finance:1"], await FindAsync("卫健局"));
        await ReopenAsync(Catalog);
        Assert.Empty(await FindAsync("卫健局"));
    }

    [Theory]
    [InlineData("幼儿园", "finance:1", "finance:2")]
    [InlineData("幼稚园", "finance:2", "finance:1")]
    [InlineData("幼儿园 补助", "finance:1", "finance:2")]
    [InlineData("ＩＰＶ６", "finance:3", "finance:4")]
    [InlineData("第六版协议", "finance:4", "finance:3")]
    public async Task What_is_written_as_asked_comes_before_what_means_the_same(string text, params string[] expected)
    {
        await ReopenAsync(CatalogWith(Synonyms));
        await WriteAsync(
            Entry.Put("finance:1", 1, ("useDescription", "阳光幼儿园补助")), Entry.Put("finance:2", 1, ("useDescription", "阳光幼稚园补助")),
            Entry.Put("finance:3", 1, ("useDescription", "IPv6 改造")), Entry.Put("finance:4", 1, ("useDescription", "第六版协议改造")));

        Assert.Equal(expected, await FindAsync(text));
    }

    [Fact]
    public async Task A_word_within_a_run_of_Chinese_is_found_otherwise_written_too()
    {
        await ReopenAsync(CatalogWith(Synonyms));
        await WriteAsync(Entry.Put("finance:1", 1, ("useDescription", "区卫生健康局幼稚园体检")), Entry.Put("finance:2", 1, ("useDescription", "区卫健局经费")), Entry.Put("finance:3", 1, ("useDescription", "市卫健局经费")));

        Assert.Equal(["finance:2"], await FindAsync("区卫生健康局经费"));
        Assert.Equal(["finance:1"], await FindAsync("区卫健局幼儿园体检"));
    }

    [Fact]
    public async Task Synonyms_stand_as_they_are_written_and_short_ones_alone()
    {
        await ReopenAsync(CatalogWith(Synonyms));
        await WriteAsync(
            Entry.Put("finance:1", 1, ("useDescription", "卫生、健康局长会")), Entry.Put("finance:2", 1, ("useDescription", "最低生活保障金")), Entry.Put("finance:3", 1, ("useDescription", "低保金")));

        Assert.Empty(await FindAsync("卫健局"));
        Assert.Equal(["finance:3", "finance:2"], await FindAsync("低保"));
        Assert.Equal(["finance:3"], await FindAsync("低保金"));
    }

    [Fact]
    public async Task Phrases_and_exclusions_mean_what_is_written()
    {
        await ReopenAsync(CatalogWith(Synonyms));
        await WriteAsync(Entry.Put("finance:1", 1, ("useDescription", "幼儿园")), Entry.Put("finance:2", 1, ("useDescription", "幼稚园")));

        Assert.Equal(["finance:1"], await FindAsync("\"幼儿园\""));
        Assert.Equal(["finance:2"], await FindAsync("-幼儿园"));
    }

    [Fact]
    public async Task Highlights_mark_what_means_the_same()
    {
        await ReopenAsync(CatalogWith(Synonyms));
        await WriteAsync(Entry.Put("finance:1", 1, ("agencyName", "惠山区卫生健康局机关")));

        var hit = Assert.Single((await Index.SearchAsync(new() { Text = "卫健局" }, Token)).Hits);
        Assert.Equal(["惠山区<em>卫生健康局</em>机关"], hit.Highlights["agencyName"]);
    }

    [Fact]
    public async Task A_stop_word_beside_other_words_need_not_occur()
    {
        await ReopenAsync(CatalogWith("", "的\n关于"));
        await WriteAsync(Entry.Put("finance:1", 1, ("useDescription", "学校食堂改造")), Entry.Put("finance:2", 1, ("useDescription", "学校的道路")));

        Assert.Equal(["finance:1"], await FindAsync("关于 学校 的 食堂"));
        Assert.Equal(["finance:2", "finance:1"], await FindAsync("学校 的"));
        Assert.Equal(["finance:2"], await FindAsync("的"));
        Assert.Equal(["finance:2"], await FindAsync("的 -食堂"));
        Assert.Equal(["finance:2"], await FindAsync("学校 \"的\""));
        Assert.Equal(["finance:1"], await FindAsync("学校 -的"));
        Assert.Equal(["<em>学校</em>的道路"], (await Index.SearchAsync(new() { Text = "道路 学校 的" }, Token)).Hits[0].Highlights["useDescription"].Select(text => text.Replace("<em>道路</em>", "道路", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_shipped_words_are_understood()
    {
        await ReopenAsync(CatalogWith(File.ReadAllText(Path.Combine(Fixtures.Shipped.Schemas, "text", "synonyms.txt")), File.ReadAllText(Path.Combine(Fixtures.Shipped.Schemas, "text", "stopwords.txt"))));
        await WriteFixtureAsync();

        Assert.Equal(["finance:05", "finance:06"], (await FindAsync("区卫健局")).Order());
        Assert.Equal(["finance:04"], await FindAsync("医保局"));
        Assert.Equal(["finance:09"], await FindAsync("区住建局 的 道路"));
        Assert.Equal(["finance:07"], await FindAsync("疾控中心 实验室"));
        Assert.Equal(["finance:12", "finance:13"], (await FindAsync("人大代表")).Order());
        Assert.Empty(await FindAsync("代表 园林"));
    }
}
