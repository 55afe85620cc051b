using Hub.Core.Index;
using Hub.Core.Ops;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

public abstract partial class IndexContract
{
    /// <summary>Use, agency, payee. The number of a record is its place, from 0.</summary>
    private static readonly (string Use, string Agency, string? Payee)[] Fixture =
    [
        ("义务教育学校校舍维修工程款", "区教育局", "华东建筑工程有限公司"),
        ("2025年春季学期教师培训费", "区教育局", "师范大学继续教育学院"),
        ("中小学营养改善计划补助", "区教育局", null),
        ("学前教育普惠性幼儿园补助资金", "区教育局", "阳光幼儿园"),
        ("城乡居民基本医疗保险财政补助", "区医疗保障局", null),
        ("公立医院设备购置", "区卫生健康局", "东方医疗器械有限公司"),
        ("社区卫生服务中心运行经费", "区卫生健康局", null),
        ("疾病预防控制中心实验室耗材", "区疾病预防控制中心", "生物科技股份有限公司"),
        ("农村公路养护工程", "区交通运输局", "路桥养护有限公司"),
        ("城市道路改造工程监理费", "区住房和城乡建设局", "工程监理咨询有限公司"),
        ("政府采购代理服务费", "区公共资源交易中心", "招标代理有限公司"),
        ("采购办公设备一批由政府统一支付", "区机关事务管理局", "办公设备商行"),
        ("人大代表建议办理工作经费", "区人大常委会办公室", null),
        ("人大代表视察活动用车租赁", "区人大常委会办公室", "汽车租赁有限公司"),
        ("预算联网监督系统运行维护", "区人大常委会办公室", "信息技术有限公司"),
        ("部门预算编制培训", "区财政局", null),
        ("国库集中支付电子化管理", "区财政局", "软件技术有限公司"),
        ("债券付息资金", "区财政局", null),
        ("残疾人两项补贴", "区残疾人联合会", null),
        ("高龄老人津贴发放", "区民政局", null),
        ("养老服务机构建设补贴", "区民政局", "夕阳红养老院"),
        ("最低生活保障金", "区民政局", null),
        ("退役士兵自主就业一次性补助", "区退役军人事务局", null),
        ("河道清淤整治工程", "区水利局", "水利工程有限公司"),
        ("防汛抢险物资储备", "区应急管理局", "物资储备中心"),
        ("森林防火巡护经费", "区林业局", null),
        ("高标准农田建设项目", "区农业农村局", "农业工程有限公司"),
        ("动物疫病防控疫苗款", "区农业农村局", "生物制药有限公司"),
        ("公共文化服务体系建设", "区文化和旅游局", null),
        ("图书馆图书购置费", "区图书馆", "新华书店"),
        ("体育场馆免费开放补助", "区体育局", null),
        ("垃圾分类处理服务", "区城市管理局", "环境服务有限公司"),
        ("园林绿化养护", "区城市管理局", "园林绿化有限公司"),
        ("大气污染防治监测站建设", "区生态环境局", "环境监测有限公司"),
        ("公安交通信号灯维护", "区公安局", "电子工程有限公司"),
        ("法律援助办案补贴", "区司法局", null),
        ("审计业务委托费", "区审计局", "会计师事务所"),
        ("档案数字化加工", "区档案馆", "数据服务有限公司"),
        ("3月份职工工资", "区统计局", null),
        ("IPv6 网络改造 Phase2", "区大数据局", "ＡＢＣ通信有限公司"),
        ("乡镇道路照明", "区交通运输局道路养护中心", "教育用品厂"),
    ];

    [Theory]
    [InlineData("校舍维修", 0)]
    [InlineData("教师培训", 1)]
    [InlineData("营养改善", 2)]
    [InlineData("幼儿园", 3)]
    [InlineData("居民 医疗保险", 4)]
    [InlineData("公立医院", 5)]
    [InlineData("社区卫生", 6)]
    [InlineData("农村公路", 8)]
    [InlineData("道路改造", 9)]
    [InlineData("政府采购", 10)]
    [InlineData("代表建议", 12)]
    [InlineData("预算联网监督", 14)]
    [InlineData("部门预算", 15)]
    [InlineData("国库集中支付", 16)]
    [InlineData("养老服务", 20)]
    [InlineData("退役军人 补助", 22)]
    [InlineData("高标准农田", 26)]
    [InlineData("图书购置", 29)]
    [InlineData("园林绿化", 32)]
    [InlineData("污染防治监测", 33)]
    [InlineData("新华书店", 29)]
    [InlineData("人大常委会 联网", 14)]
    public async Task A_Chinese_search_finds_the_right_record_first(string text, int expected)
    {
        await WriteFixtureAsync();

        Assert.Equal($"finance:{expected:D2}", (await FindAsync(text)).FirstOrDefault());
    }

    [Fact]
    public async Task Every_word_must_occur_somewhere_in_the_document()
    {
        await WriteFixtureAsync();

        Assert.Equal(["finance:12", "finance:13"], (await FindAsync("人大代表")).Order());
        Assert.Equal(["finance:13"], await FindAsync("代表 租赁"));
        Assert.Empty(await FindAsync("代表 园林"));
    }

    [Theory]
    [InlineData("道路养猪")]
    [InlineData("农村公路养猪工程")]
    [InlineData("居民医疗保险")]
    [InlineData("国库集中支付管理")]
    public async Task A_word_of_Chinese_is_found_only_where_all_of_it_occurs(string text)
    {
        await WriteFixtureAsync();

        Assert.Empty(await FindAsync(text));
    }

    [Fact]
    public async Task A_space_lets_the_words_stand_apart()
    {
        await WriteFixtureAsync();

        Assert.Equal(["finance:10"], await FindAsync("政府采购"));
        Assert.Equal(["finance:10", "finance:11"], await FindAsync("政府 采购"));
    }

    [Fact]
    public async Task An_exact_run_comes_before_the_same_pairs_apart()
    {
        await WriteAsync(
            Entry.Put("finance:1", 1, ("useDescription", "政府采"), ("agencyName", "采购")),
            Entry.Put("finance:2", 1, ("useDescription", "政府采购的一种很长的说明，写得很细"), ("agencyName", "局")));

        Assert.Equal(["finance:2", "finance:1"], await FindAsync("政府采购"));
        Assert.Equal(["finance:2"], await FindAsync("\"政府采购\""));
    }

    [Fact]
    public async Task A_hit_in_the_title_comes_before_one_elsewhere()
    {
        await WriteAsync(
            Entry.Put("finance:1", 1, ("useDescription", "办公设备"), ("agencyName", "道路养护中心")),
            Entry.Put("finance:2", 1, ("useDescription", "道路照明"), ("agencyName", "交通运输局")));

        Assert.Equal(["finance:2", "finance:1"], await FindAsync("道路"));
    }

    [Fact]
    public async Task A_single_character_finds_the_words_that_hold_it()
    {
        await WriteFixtureAsync();

        Assert.Equal(["finance:09", "finance:40"], (await FindAsync("\"道路\"")).Order());
        Assert.Equal(["finance:39"], await FindAsync("络"));
        Assert.Equal(["finance:08", "finance:09", "finance:40"], (await FindAsync("路")).Order());
        Assert.Equal(["finance:17"], await FindAsync("券"));
        Assert.Empty(await FindAsync("鲸"));
    }

    [Fact]
    public async Task Numbers_beside_characters_are_found()
    {
        await WriteFixtureAsync();

        Assert.Equal(["finance:38"], await FindAsync("3月"));
        Assert.Equal(["finance:38"], await FindAsync("\"3月\""));
        Assert.Equal(["finance:01"], await FindAsync("2025年春季"));
    }

    [Fact]
    public async Task Case_and_width_do_not_matter()
    {
        await WriteFixtureAsync();

        foreach (var text in new[] { "ipv6", "ＩＰＶ６", "phase2", "abc" })
            Assert.Equal(["finance:39"], await FindAsync(text));
    }

    [Fact]
    public async Task A_phrase_stands_as_it_is_written_and_within_one_field()
    {
        await WriteAsync(Entry.Put("finance:1", 1, ("agencyName", "red apple"), ("payeeName", "pie shop")), Entry.Put("finance:2", 1, ("agencyName", "apple pie")));

        Assert.Equal(["finance:2"], await FindAsync("\"apple pie\""));
        Assert.Equal(["finance:1", "finance:2"], (await FindAsync("apple pie")).Order());
        Assert.Equal(["finance:2"], await FindAsync("“apple pie”"));
    }

    [Fact]
    public async Task Excluded_words_and_phrases_do_not_occur()
    {
        await WriteFixtureAsync();

        Assert.Equal(["finance:12"], await FindAsync("人大代表 -租赁"));
        Assert.Equal(["finance:11"], await FindAsync("采购 政府 -\"政府采购\""));
        Assert.DoesNotContain("finance:00", await IdsAsync(new SearchQuery { Text = "-教育局", Size = 100 }));
        Assert.Equal(37, (await Index.SearchAsync(new() { Text = "-教育局" }, Token)).Total);
    }

    [Fact]
    public async Task Keywords_and_the_names_of_codes_are_words_too_and_masked_fields_are_not()
    {
        await WriteAsync(
            Entry.Put("finance:1", 1, ("voucherNo", "PZ-2025-0001"), ("fundTypeCode", "11"), ("payeeAccount", "622200001111"), ("note", "秘密"), ("payeeName", "张三商店")),
            Entry.Put("finance:2", 1, ("voucherNo", "PZ-0001-2025"), ("fundTypeCode", "19"), ("fiscalYear", 2021), ("mofDivCode", "330106000")),
            Entry.Put("finance:3", 1, ("fundTypeCode", "19"), ("fiscalYear", 2024)));

        Assert.Equal(["finance:1"], await FindAsync("PZ-2025-0001"));
        Assert.Equal(["finance:1"], await FindAsync("一般公共预算"));
        Assert.Equal(["finance:2"], await FindAsync("旧名称"));
        Assert.Equal(["finance:3"], await FindAsync("新名称"));
        Assert.Equal(["finance:1"], await FindAsync("张三"));
        Assert.Equal(["finance:2"], await FindAsync("330106000"));
        Assert.Empty(await FindAsync("622200001111"));
        Assert.Empty(await FindAsync("秘密"));
    }

    [Fact]
    public async Task Highlights_mark_what_was_hit_and_escape_the_rest()
    {
        await WriteAsync(
            Entry.Put("finance:1", 1, ("useDescription", "<b>\"政府采购\"</b> & 采购'费"), ("agencyName", "区财政局"), ("payeeAccount", "政府采购"), ("note", "政府采购")),
            Entry.Put("finance:2", 1, ("useDescription", "Red Apple pie, apple")));

        var hit = Assert.Single((await Index.SearchAsync(new() { Text = "政府采购" }, Token)).Hits);
        Assert.Equal(["useDescription"], hit.Highlights.Keys);
        Assert.Equal(["&lt;b&gt;&quot;<em>政府采购</em>&quot;&lt;/b&gt; &amp; <em>采购</em>&#39;费"], hit.Highlights["useDescription"]);

        var phrase = Assert.Single((await Index.SearchAsync(new() { Text = "\"apple pie\"" }, Token)).Hits);
        Assert.Contains("pie</em>, apple", phrase.Highlights["useDescription"][0], StringComparison.Ordinal);
        Assert.Empty(Assert.Single((await Index.SearchAsync(new() { Text = "apple", Highlight = false }, Token)).Hits).Highlights);
    }

    [Fact]
    public async Task Highlights_of_a_long_text_are_a_few_short_pieces()
    {
        var filler = string.Concat(Enumerable.Repeat("甲乙丙丁", 60));
        await WriteAsync(Entry.Put("finance:1", 1, ("useDescription", string.Join(filler, Enumerable.Repeat("路灯", 5)))));

        var pieces = Assert.Single((await Index.SearchAsync(new() { Text = "路灯" }, Token)).Hits).Highlights["useDescription"];
        Assert.InRange(pieces.Count, 1, 5);
        Assert.All(pieces, piece => Assert.Contains("<em>路灯</em>", piece, StringComparison.Ordinal));
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 300));
    }

    [Theory]
    [InlineData("\"没有结束")]
    [InlineData("\"\"")]
    [InlineData("\" \"")]
    [InlineData("-")]
    [InlineData("- -")]
    [InlineData("\"")]
    [InlineData("-\"")]
    [InlineData("-\"\"")]
    [InlineData("!!! ***")]
    [InlineData("\"，。\"")]
    public async Task A_broken_search_text_is_refused_with_what_to_write_instead(string text)
        => Assert.Equal(Codes.QueryInvalid, (await RefusedAsync(new() { Text = text })).Code);

    [Theory]
    [InlineData("教育 (")]
    [InlineData("教育 AND OR NOT")]
    [InlineData("教育:[* TO *]")]
    [InlineData("教育~ ^2 \\ / {}")]
    [InlineData("教育\u0000\ud83d")]
    public async Task Signs_of_other_query_languages_mean_nothing(string text)
    {
        await WriteAsync(Entry.Put("finance:1", 1, ("agencyName", "教育 TO")));

        await Index.SearchAsync(new() { Text = text }, Token);
    }

    private async Task WriteFixtureAsync()
        => await WriteAsync([.. Fixture.Select((record, i) => Entry.Put(
            $"finance:{i:D2}", 1, ("useDescription", record.Use), ("agencyName", record.Agency), ("payeeName", record.Payee)))]);
}
