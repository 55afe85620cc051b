using Hub.Core.Index;
using Hub.Core.Ops;
using Xunit;
using static Hub.Tests.Contracts.IndexRecords;

namespace Hub.Tests.Contracts;

public abstract partial class IndexContract
{
    [Fact]
    public async Task Term_filters_take_any_of_their_values_and_all_filters_must_hold()
    {
        await WriteFilteredAsync();

        Assert.Equal(["finance:1", "finance:2"], await IdsAsync(new TermFilter("fundTypeCode", ["11", "19"])));
        Assert.Equal(["finance:2"], await IdsAsync(new TermFilter("fundTypeCode", ["11", "19"]), new TermFilter("fiscalYear", ["2025"])));
        Assert.Equal(["finance:1"], await IdsAsync(new TermFilter("isUrgent", ["true"])));
        Assert.Equal(["finance:1"], await IdsAsync(new TermFilter("payAmount", ["0.01"])));
        Assert.Equal(["finance:2"], await IdsAsync(new TermFilter("payDate", ["2025-03-01"])));
        Assert.Empty(await IdsAsync(new TermFilter("payAmount", ["0.011"])));
        Assert.Empty(await IdsAsync(new TermFilter("fundTypeCode", ["1"])));
    }

    [Fact]
    public async Task Subject_source_and_id_are_filters()
    {
        await WriteFilteredAsync();

        Assert.Equal(["finance:9"], await IdsAsync(new TermFilter("subject", [Project])));
        Assert.Equal(["other:3", "other:4"], await IdsAsync(new TermFilter("source", ["other"])));
        Assert.Equal(["finance:2", "other:3"], await IdsAsync(new TermFilter("id", ["other:3", "finance:2", "none"])));
        Assert.Equal(["finance:9"], await IdsAsync(new SearchQuery { Subjects = [Project] }));
    }

    [Theory]
    [InlineData("0.01", "0.01", true, true, "finance:1")]
    [InlineData("0.01", null, false, true, "finance:2 other:3")]
    [InlineData("0.005", "0.015", true, true, "finance:1")]
    [InlineData("0.011", "0.019", true, true, "")]
    [InlineData(null, "0", true, true, "other:4")]
    [InlineData("-0.02", "-0.01", false, true, "other:4")]
    [InlineData("-0.01", "0.01", false, false, "")]
    [InlineData("9999999999999999.98", "9999999999999999.99", false, true, "other:3")]
    [InlineData("9999999999999999.99", null, true, true, "other:3")]
    [InlineData("9999999999999999.990", "99999999999999999999999999999", true, true, "other:3")]
    [InlineData("99999999999999999999999999999", null, true, true, "")]
    [InlineData("5", "4", true, true, "")]
    public async Task Amounts_are_compared_to_the_cent(string? from, string? to, bool includeFrom, bool includeTo, string expected)
    {
        await WriteFilteredAsync();

        Assert.Equal(expected, string.Join(' ', await IdsAsync(new RangeFilter("payAmount", from, to, includeFrom, includeTo))));
    }

    [Fact]
    public async Task Dates_times_and_numbers_have_ranges()
    {
        await WriteFilteredAsync();

        Assert.Equal(["finance:2"], await IdsAsync(new RangeFilter("payDate", "2025-01-01", null)));
        Assert.Equal(["finance:1"], await IdsAsync(new RangeFilter("payDate", null, "2025-03-01", IncludeTo: false)));
        Assert.Equal(["finance:1"], await IdsAsync(new RangeFilter("createdAt", "2025-03-01T08:00:00Z", "2025-03-01T16:00:00+08:00")));
        Assert.Empty(await IdsAsync(new RangeFilter("createdAt", "2025-03-01T08:00:00.000001Z", null)));
        Assert.Equal(["finance:1", "finance:9"], await IdsAsync(new RangeFilter("fiscalYear", "2023", "2024")));
    }

    [Fact]
    public async Task A_filter_can_ask_for_documents_with_and_without_a_field()
    {
        await WriteFilteredAsync();

        Assert.Equal(["finance:1", "finance:2"], await IdsAsync(new ExistsFilter("payDate", true)));
        Assert.Equal(["other:3", "other:4"], await IdsAsync(new TermFilter("subject", [Payment]), new ExistsFilter("payDate", false)));
        Assert.Equal(["finance:1"], await IdsAsync(new ExistsFilter("agencyName", true)));
        Assert.Equal(["finance:2", "other:3", "other:4", "finance:9"], await IdsAsync(new ExistsFilter("agencyName", false)));
        Assert.Equal(["finance:1"], await IdsAsync(new ExistsFilter("isUrgent", true)));
    }

    [Theory]
    [InlineData("payAmount", "other:4 finance:1 finance:2 other:3 finance:9", "other:3 finance:2 finance:1 other:4 finance:9")]
    [InlineData("payDate", "finance:1 finance:2 other:3 other:4 finance:9", "finance:2 finance:1 other:3 other:4 finance:9")]
    [InlineData("fundTypeCode", "finance:1 finance:2 other:3 other:4 finance:9", "finance:2 finance:1 other:3 other:4 finance:9")]
    [InlineData("fiscalYear", "finance:9 finance:1 finance:2 other:3 other:4", "finance:2 finance:1 finance:9 other:3 other:4")]
    public async Task Sorting_puts_missing_values_last_both_ways(string field, string ascending, string descending)
    {
        await WriteFilteredAsync();

        Assert.Equal(ascending, string.Join(' ', await IdsAsync(new SearchQuery { Sort = new(field, false) })));
        Assert.Equal(descending, string.Join(' ', await IdsAsync(new SearchQuery { Sort = new(field, true) })));
    }

    [Fact]
    public async Task Source_and_subject_give_an_order_too()
    {
        await WriteFilteredAsync();

        Assert.Equal(["other:3", "other:4", "finance:1", "finance:2", "finance:9"], await IdsAsync(new SearchQuery { Sort = new("source", true) }));
        Assert.Equal("finance:9", (await IdsAsync(new SearchQuery { Sort = new("subject", true) }))[0]);
    }

    [Fact]
    public async Task Facets_count_all_matches_not_only_the_page()
    {
        await WriteAsync([.. Enumerable.Range(0, 60).Select(i => Entry.Put($"finance:{i:D2}", 1, ("fundTypeCode", i % 10 == 0 ? null : i % 2 == 0 ? "11" : "19"), ("fiscalYear", 2020 + i % 3), ("voucherNo", $"V{i:D2}"), ("isUrgent", i < 5)))]);
        await WriteAsync(Entry.Delete("finance:01", 2), Entry.PutProject("other:1", 1, ("projectName", "道路"), ("fiscalYear", 2020)));

        var result = await Index.SearchAsync(new() { Size = 1, FacetSize = 2, Facets = ["fundTypeCode", "fiscalYear", "voucherNo", "isUrgent", "subject", "source"] }, Token);

        Assert.Equal((60, 1), (result.Total, result.Hits.Count));
        Assert.Equal([new FacetValue("19", 29, null), new FacetValue("11", 24, "一般公共预算资金")], result.Facets[0].Values);
        Assert.Equal([new FacetValue("2020", 21, null), new FacetValue("2022", 20, null)], result.Facets[1].Values);
        Assert.Equal((19, 57), (result.Facets[1].Other, result.Facets[2].Other));
        Assert.Equal(["V00", "V02"], result.Facets[2].Values.Select(value => value.Value));
        Assert.Equal([new FacetValue("false", 55, null), new FacetValue("true", 4, null)], result.Facets[3].Values);
        Assert.Equal([new FacetValue(Payment, 59, null), new FacetValue(Project, 1, null)], result.Facets[4].Values);
        Assert.Equal([new FacetValue("finance", 59, null), new FacetValue("other", 1, null)], result.Facets[5].Values);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("fiscalYear")]
    [InlineData("fundTypeCode")]
    [InlineData("payAmount")]
    public async Task Pages_meet_each_hit_once_also_among_equals(string? sort)
    {
        await WriteAsync([.. Enumerable.Range(0, 37).Select(i => Entry.Put($"finance:{i:D2}", 1, ("agencyName", "区教育局"), ("fiscalYear", i % 7 == 0 ? null : 2020 + i % 2), ("fundTypeCode", i % 5 == 0 ? null : $"{i % 2}")))]);
        foreach (var text in new[] { null, "教育局" })
            foreach (var descending in new[] { false, true })
            {
                var query = new SearchQuery { Text = text, Sort = sort is null ? null : new(sort, descending) };
                var whole = await IdsAsync(query with { Size = 1000 });
                var paged = new List<string>();
                string? cursor = null;
                do
                {
                    var page = await Index.SearchAsync(query with { Size = 5, Cursor = cursor }, Token);
                    Assert.Equal(37, page.Total);
                    paged.AddRange(page.Hits.Select(hit => hit.Document.Id));
                    cursor = page.NextCursor;
                }
                while (cursor is not null && paged.Count < 100);
                Assert.Equal(whole, paged);
                Assert.Equal(37, whole.Distinct().Count());
            }
    }

    [Fact]
    public async Task A_foreign_or_garbled_cursor_is_refused()
    {
        await WriteFilteredAsync();
        var query = new SearchQuery { Size = 2, Sort = new("payAmount", false) };
        var cursor = (await Index.SearchAsync(query, Token)).NextCursor!;

        foreach (var wrong in new[]
        {
            query with { Cursor = cursor, Sort = new("payAmount", true) }, query with { Cursor = cursor, Text = "教育" },
            query with { Cursor = cursor, Filters = [new ExistsFilter("payDate", true)] }, query with { Cursor = cursor[..^2] + "AA" },
            query with { Cursor = "!" }, query with { Cursor = "" }, query with { Cursor = cursor + "A" },
        })
            Assert.Equal(Codes.QueryCursor, (await RefusedAsync(wrong)).Code);
    }

    [Fact]
    public async Task A_wrong_query_is_refused_with_its_code_and_what_to_write_instead()
    {
        await WriteFilteredAsync();
        (SearchQuery Query, string Code, string Suggestion)[] wrong =
        [
            (new() { Subjects = ["test.paymant"] }, Codes.QueryUnknownSubject, "Did you mean 'test.payment'?"),
            (new() { Filters = [new TermFilter("fiscalYaer", ["2025"])] }, Codes.QueryUnknownField, "Did you mean 'fiscalYear'?"),
            (new() { Subjects = [Project], Filters = [new ExistsFilter("payAmount", true)] }, Codes.QueryUnknownField, "fiscalYear"),
            (new() { Filters = [new TermFilter("payeeAccount", ["6222"])] }, Codes.QueryFieldRole, "voucherNo"),
            (new() { Filters = [new ExistsFilter("payeeAccount", true)] }, Codes.QueryFieldRole, "voucherNo"),
            (new() { Sort = new("payeeAccount", false) }, Codes.QueryFieldRole, "voucherNo"),
            (new() { Facets = ["payeeAccount"] }, Codes.QueryFieldRole, "voucherNo"),
            (new() { Filters = [new TermFilter("note", ["x"])] }, Codes.QueryFieldRole, "voucherNo"),
            (new() { Filters = [new TermFilter("agencyName", ["x"])] }, Codes.QueryFieldRole, "search text"),
            (new() { Filters = [new RangeFilter("voucherNo", "1", "2")] }, Codes.QueryFieldRole, "Ranges"),
            (new() { Sort = new("agencyName", false) }, Codes.QueryFieldRole, "Sort by"),
            (new() { Facets = ["payAmount"] }, Codes.QueryFieldRole, "Count"),
            (new() { Filters = [new RangeFilter("payAmount", "1,000", null)] }, Codes.QueryValue, "1234.50"),
            (new() { Filters = [new RangeFilter("payDate", "2025-02-30", null)] }, Codes.QueryValue, "2025-03-01"),
            (new() { Filters = [new RangeFilter("createdAt", "2025-03-01T08:00:00", null)] }, Codes.QueryValue, "Z"),
            (new() { Filters = [new TermFilter("fiscalYear", ["二零"])] }, Codes.QueryValue, "2025"),
            (new() { Filters = [new TermFilter("isUrgent", ["yes"])] }, Codes.QueryValue, "true"),
            (new() { Filters = [new TermFilter("voucherNo", [])] }, Codes.QueryValue, "values"),
            (new() { Size = 1001 }, Codes.QueryInvalid, "1000"),
        ];

        foreach (var (query, code, suggestion) in wrong)
        {
            var finding = await RefusedAsync(query);
            Assert.Equal(code, finding.Code);
            Assert.Contains(suggestion, finding.Suggestion, StringComparison.Ordinal);
        }
    }

    private Task WriteFilteredAsync() => WriteAsync(
        Entry.Put("finance:1", 1, ("fundTypeCode", "11"), ("payAmount", "0.01"), ("payDate", "2024-12-31"), ("createdAt", "2025-03-01T08:00:00Z"), ("isUrgent", true), ("fiscalYear", 2024), ("agencyName", "区教育局")),
        Entry.Put("finance:2", 1, ("fundTypeCode", "19"), ("payAmount", "0.02"), ("payDate", "2025-03-01"), ("fiscalYear", 2025)),
        Entry.Put("other:3", 1, ("payAmount", "9999999999999999.99")),
        Entry.Put("other:4", 1, ("payAmount", "-0.01")),
        Entry.PutProject("finance:9", 1, ("projectName", "道路"), ("fiscalYear", 2023)));
}
