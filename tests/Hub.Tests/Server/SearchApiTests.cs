using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Ops;
using Xunit;

namespace Hub.Tests.Server;

public sealed class SearchApiTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Detail = "/api/v1/records/finance.paymentDetail/finance:320206000~2025~%E4%B8%80%2F%E4%BA%8C";

    [Fact]
    public async Task A_record_is_JSON_in_the_order_of_its_schema_with_code_names_exact_amounts_and_masks()
    {
        var record = (await server.GetAsync(Detail)).GetProperty("record");
        Assert.Equal(
            """{"mofDivCode":"320206000","fiscalYear":2025,"applicationId":"B1","voucherId":"V1","fundTypeCode":"11","fundTypeCodeName":"一般公共预算资金（惠山）","payAmount":"-1234.50","paidDate":"2025-03-01","isUrgent":true,"serial":9007199254740993,"summary":"支付工程款 <b>","payeeName":"张*丰","payeeAccount":"6228********1234","payeeBank":"农业银行","updatedAt":"2025-03-01T00:00:00.123456Z"}""",
            record.GetRawText());
    }

    [Fact]
    public async Task Null_fields_unknown_codes_and_small_amounts_are_written_plainly()
    {
        var record = (await server.GetAsync("/api/v1/records/finance.paymentDetail/finance:D2")).GetProperty("record");
        Assert.Equal("0.05", record.GetProperty("payAmount").GetString());
        Assert.Equal(JsonValueKind.Null, record.GetProperty("paidDate").ValueKind);
        Assert.Equal(JsonValueKind.Null, record.GetProperty("fundTypeCodeName").ValueKind);
        Assert.Equal("", record.GetProperty("payeeAccount").GetString());
    }

    [Fact]
    public async Task The_path_leads_from_the_agency_down_to_the_payment_and_ends_in_a_circle()
    {
        var path = (await server.GetAsync(Detail)).GetProperty("path").EnumerateArray().Select(step => step.GetProperty("id").GetString());
        Assert.Equal(["finance:A1", "finance:P1", "finance:I0", "finance:I1", "finance:B1", "finance:V1", "finance:320206000~2025~一/二"], path);
    }

    [Fact]
    public async Task Links_tell_title_and_whether_the_record_is_there()
    {
        var links = (await server.GetAsync("/api/v1/records/finance.paymentVoucher/finance:V1")).GetProperty("links");
        var link = Assert.Single(links.EnumerateArray());
        Assert.Equal(("agencyId", "finance.agency", "finance:A9"), (link.GetProperty("field").GetString(), link.GetProperty("subject").GetString(), link.GetProperty("id").GetString()));
        Assert.False(link.GetProperty("exists").GetBoolean());
        Assert.Equal(JsonValueKind.Null, link.GetProperty("title").ValueKind);
    }

    [Fact]
    public async Task Records_that_link_here_are_counted_and_their_search_finds_them()
    {
        var response = await server.GetAsync("/api/v1/records/finance.paymentApplication/finance:B1");
        var incoming = Assert.Single(response.GetProperty("linkedFrom").EnumerateArray());
        Assert.Equal(2, incoming.GetProperty("count").GetInt64());
        Assert.Equal("支付工程款 <b>", incoming.GetProperty("first")[0].GetProperty("title").GetString());
        var listed = await server.GetAsync(incoming.GetProperty("searchUrl").GetString()!);
        Assert.Equal(2, listed.GetProperty("total").GetInt64());
        // Every step can be opened by the address it gives.
        var opened = await server.GetAsync(incoming.GetProperty("first")[0].GetProperty("url").GetString()!);
        Assert.Equal("finance:320206000~2025~一/二", opened.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_search_answers_with_hits_freshness_and_the_next_cursor()
    {
        var answer = await server.GetAsync("/api/v1/search?subject=finance.paymentDetail&size=1&q=x");
        Assert.Equal(2, answer.GetProperty("total").GetInt64());
        Assert.Equal("next", answer.GetProperty("nextCursor").GetString());
        Assert.Equal("2025-03-01T08:00:00Z", answer.GetProperty("asOf").GetProperty("finance").GetString());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("asOf").GetProperty("filing").ValueKind);
        var hit = Assert.Single(answer.GetProperty("hits").EnumerateArray());
        Assert.Equal(
            ["subject", "id", "version", "source", "isKept", "score", "title", "record", "highlights", "links"], hit.EnumerateObject().Select(property => property.Name));
        Assert.Equal("finance.paymentVoucher", hit.GetProperty("links")[1].GetProperty("subject").GetString());
    }

    [Fact]
    public async Task Facets_carry_names_and_masked_fields_are_never_highlighted()
    {
        server.Index.Facets = [new Facet("subject", [new("finance.agency", 3, null)], 1), new Facet("fundTypeCode", [new("11", 2, "一般公共预算资金")], 0)];
        server.Index.Highlights["payeeName"] = ["<em>张三丰</em>"];
        server.Index.Highlights["summary"] = ["支付<em>工程</em>款"];
        var answer = await server.GetAsync("/api/v1/search?subject=finance.paymentDetail&q=x&facet=subject");
        (server.Index.Facets, _) = ([], server.Index.Highlights.Remove("payeeName"));
        Assert.Equal("单位", answer.GetProperty("facets")[0].GetProperty("values")[0].GetProperty("name").GetString());
        Assert.Equal("一般公共预算资金", answer.GetProperty("facets")[1].GetProperty("values")[0].GetProperty("name").GetString());
        Assert.Equal(["summary"], answer.GetProperty("hits")[0].GetProperty("highlights").EnumerateObject().Select(property => property.Name));
        Assert.DoesNotContain("张三丰", answer.GetRawText());
    }

    [Fact]
    public async Task Dead_letters_are_listed_without_the_refused_record()
    {
        var answer = await server.GetAsync("/api/v1/dead-letters?source=finance");
        Assert.Equal("金额无法读取", answer.GetProperty("deadLetters")[0].GetProperty("detail").GetString());
        Assert.DoesNotContain("身份证", answer.GetRawText());
        Assert.Equal(new SortOrder("recordedAt", Descending: true), server.Index.LastQuery!.Sort);
        Assert.Equal(0, (await server.GetAsync("/api/v1/dead-letters?state=superseded")).GetProperty("total").GetInt64());
        Assert.Equal(1, (await server.GetAsync("/api/v1/dead-letters?state=all")).GetProperty("total").GetInt64());
    }

    [Fact]
    public async Task The_catalogue_tells_what_every_field_is()
    {
        var catalog = await server.GetAsync("/api/v1/catalog");
        var detail = catalog.GetProperty("subjects").EnumerateArray().Single(subject => subject.GetProperty("subject").GetString() == "finance.paymentDetail");
        Assert.Equal(("支付明细", 6, "fiscalYear"), (detail.GetProperty("name").GetString(), detail.GetProperty("schemaId").GetInt32(), detail.GetProperty("yearField").GetString()));
        var account = detail.GetProperty("fields").EnumerateArray().Single(field => field.GetProperty("name").GetString() == "payeeAccount");
        Assert.Equal(("string", "keyword", "account", 4), (account.GetProperty("type").GetString(), account.GetProperty("search").GetString(), account.GetProperty("mask").GetString(), account.GetProperty("level").GetInt32()));
        Assert.Equal("fund-type", catalog.GetProperty("codeLists")[0].GetString());
        Assert.Equal("PaymentDetail", (await server.GetAsync("/api/v1/schemas/6")).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("", 4)]
    [InlineData("?year=2020", 1)]
    [InlineData("?year=2025", 3)]
    [InlineData("?region=320206000&year=2025", 2)]
    [InlineData("?region=110000000&year=2025", 2)]
    public async Task Codes_are_those_of_the_region_and_year(string query, int count)
        => Assert.Equal(count, (await server.GetAsync($"/api/v1/catalog/codes/fund-type{query}")).GetProperty("codes").GetArrayLength());

    [Fact]
    public async Task Status_tells_sources_lag_and_counts()
    {
        var status = await server.GetAsync("/api/v1/status");
        var source = status.GetProperty("sources")[0];
        Assert.Equal("snapshot", source.GetProperty("state").GetString());
        Assert.Equal(2, source.GetProperty("snapshot").GetProperty("secondsLeft").GetDouble());
        Assert.Equal(Codes.CannotConnect, status.GetProperty("sources")[1].GetProperty("problem").GetProperty("code").GetString());
        Assert.Equal(3, status.GetProperty("groups")[0].GetProperty("lag").GetInt64());
        Assert.Equal(2, status.GetProperty("openDeadLetters").GetInt64());
        Assert.Equal("finance.agency", status.GetProperty("index")[0].GetProperty("subject").GetString());
    }
}
