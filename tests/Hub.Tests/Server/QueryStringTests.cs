using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Search;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace Hub.Tests.Server;

public sealed class QueryStringTests : IDisposable
{
    private readonly string folder = TestSchemas.WriteFolder();
    private readonly SchemaCatalog catalog;

    public QueryStringTests() => catalog = SchemaFolder.Load(folder);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("qq=x", Codes.QueryUnknownField, "Did you mean 'q'?")]
    [InlineData("fiscalYaer=2025", Codes.QueryUnknownField, "Did you mean 'fiscalYear'?")]
    [InlineData("fiscalYaer.gte=2025", Codes.QueryUnknownField, "Did you mean 'fiscalYear'?")]
    [InlineData("subject=finance.agency&payAmount.gte=1", Codes.QueryUnknownField, "'payAmount' is a field of finance.paymentDetail; search that subject.")]
    [InlineData("subject=finance.paymentDetial", Codes.QueryUnknownSubject, "Did you mean 'finance.paymentDetail'?")]
    [InlineData("subject=", Codes.QueryInvalid, null)]
    [InlineData("subject=finance.agency,", Codes.QueryInvalid, null)]
    [InlineData("q=a&q=b", Codes.QueryInvalid, null)]
    [InlineData("q=%22open", Codes.QueryInvalid, null)]
    [InlineData("size=-1", Codes.QueryValue, null)]
    [InlineData("size=1001", Codes.QueryValue, null)]
    [InlineData("size=ten", Codes.QueryValue, null)]
    [InlineData("size=", Codes.QueryValue, null)]
    [InlineData("facetSize=0", Codes.QueryValue, null)]
    [InlineData("highlight=yes", Codes.QueryValue, null)]
    [InlineData("cursor=", Codes.QueryCursor, null)]
    [InlineData("explain=yes", Codes.QueryValue, null)]
    [InlineData("explain=true&size=101", Codes.QueryValue, "Ask for 100 at most, with size=100.")]
    [InlineData("fiscalYear=", Codes.QueryValue, "Give one, or write fiscalYear.exists=false for records without it.")]
    [InlineData("fiscalYear=2025.5", Codes.QueryValue, null)]
    [InlineData("fiscalYear=99999999999", Codes.QueryValue, null)]
    [InlineData("fiscalYear.between=1", Codes.QueryInvalid, "Use .gt, .gte, .lt, .lte or .exists.")]
    [InlineData("fiscalYear.exists=1", Codes.QueryValue, null)]
    [InlineData("payAmount=1,000", Codes.QueryValue, null)]
    [InlineData("payAmount.gte=1e5", Codes.QueryValue, null)]
    [InlineData("payAmount.gte=0.005", Codes.QueryValue, "Round it to 2 digits.")]
    [InlineData("payAmount.gte=1000000000000000000", Codes.QueryValue, null)]
    [InlineData("payAmount.gte=5&payAmount.lt=3", Codes.QueryValue, "Swap the two.")]
    [InlineData("payAmount.gte=5&payAmount.gt=3", Codes.QueryInvalid, "Give one of the two.")]
    [InlineData("payAmount.gte=5&payAmount.gte=6", Codes.QueryInvalid, null)]
    [InlineData("payAmount=5&payAmount=6", Codes.QueryFieldRole, null)]
    [InlineData("paidDate.gte=2025-02-30", Codes.QueryValue, "Write it like 2025-03-01.")]
    [InlineData("paidDate.gte=2025/03/01", Codes.QueryValue, null)]
    [InlineData("updatedAt.gte=2025-03-01", Codes.QueryValue, null)]
    [InlineData("updatedAt.gte=2025-03-01T08:00:00", Codes.QueryValue, null)]
    [InlineData("isUrgent=1", Codes.QueryValue, "Write true or false.")]
    [InlineData("isUrgent.gte=true", Codes.QueryFieldRole, null)]
    [InlineData("fundTypeCode.gte=1", Codes.QueryFieldRole, null)]
    [InlineData("summary=学校", Codes.QueryFieldRole, "Put the words into q.")]
    [InlineData("payeeAccount=6228", Codes.QueryFieldRole, null)]
    [InlineData("sort=payeeAccount", Codes.QueryFieldRole, null)]
    [InlineData("facet=payeeName", Codes.QueryFieldRole, null)]
    [InlineData("payeeBank=x", Codes.QueryFieldRole, null)]
    [InlineData("sort=summary", Codes.QueryFieldRole, null)]
    [InlineData("sort=-", Codes.QueryUnknownField, null)]
    [InlineData("sort=payAmount,paidDate", Codes.QueryInvalid, null)]
    [InlineData("facet=payAmount", Codes.QueryFieldRole, null)]
    [InlineData("facet=nothing", Codes.QueryUnknownField, null)]
    [InlineData("facet=id", Codes.QueryFieldRole, "Write id=source:key; without q and sort, records come by id.")]
    [InlineData("sort=-id", Codes.QueryFieldRole, "Write id=source:key; without q and sort, records come by id.")]
    [InlineData("id.exists=true", Codes.QueryFieldRole, "Write id=source:key; without q and sort, records come by id.")]
    [InlineData("source.gte=a", Codes.QueryFieldRole, "Write source=value.")]
    public void A_wrong_query_string_is_refused_with_its_code(string query, string code, string? suggestion)
    {
        var failure = Assert.Throws<HubException>(() => Read(query));
        var finding = Assert.Single(failure.Findings);
        Assert.Equal(code, finding.Code);
        Assert.NotEmpty(finding.Place);
        if (suggestion is not null)
            Assert.Equal(suggestion, finding.Suggestion);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        var failure = Assert.Throws<HubException>(() => Read("size=x&sort=nope&fiscalYear=abc&bogus=1"));
        Assert.Equal(["bogus", "fiscalYear", "size", "sort"], failure.Findings.Select(finding => finding.Place).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_empty_query_asks_for_all_subjects_but_those_of_Hub_itself()
    {
        var query = Read("");
        Assert.Null(query.Text);
        Assert.Equal(6, query.Subjects.Count);
        Assert.DoesNotContain("hub.deadLetter", query.Subjects);
        Assert.Equal((20, 20, true), (query.Size, query.FacetSize, query.Highlight));
    }

    [Fact]
    public void Subjects_may_be_repeated_or_separated_by_commas()
        => Assert.Equal(
            ["finance.agency", "finance.project", "hub.deadLetter"], Read("subject=finance.agency,finance.project&subject=hub.deadLetter&subject=finance.agency").Subjects);

    [Fact]
    public void Values_of_one_field_are_alternatives()
    {
        var filter = Assert.IsType<TermFilter>(Assert.Single(Read("fiscalYear=2025&fiscalYear=+2024").Filters));
        Assert.Equal(["2025", "2024"], filter.Values);
    }

    [Theory]
    [InlineData("payAmount.gte=100000&payAmount.lt=200000.50", "100000", "200000.50", true, false)]
    [InlineData("payAmount.gt=-5", "-5", null, false, true)]
    [InlineData("payAmount=12.5", "12.5", "12.5", true, true)]
    [InlineData("paidDate.gte=2025-01-01&paidDate.lte=2025-12-31", "2025-01-01", "2025-12-31", true, true)]
    [InlineData("updatedAt.gte=2025-03-01T16:00:00%2B08:00", "2025-03-01T08:00:00Z", null, true, true)]
    [InlineData("updatedAt.gte=2025-03-01T16:00:00+08:00", "2025-03-01T08:00:00Z", null, true, true)]
    [InlineData("updatedAt.lt=2025-03-01T08:00:00.25Z", null, "2025-03-01T08:00:00.25Z", true, false)]
    [InlineData("serial.lte=9007199254740993", null, "9007199254740993", true, true)]
    public void Bounds_of_one_field_are_one_range(string query, string? from, string? to, bool includeFrom, bool includeTo)
    {
        var range = Assert.IsType<RangeFilter>(Assert.Single(Read(query).Filters));
        Assert.Equal((from, to, includeFrom, includeTo), (range.From, range.To, range.IncludeFrom, range.IncludeTo));
    }

    [Fact]
    public void Sort_facets_existence_and_common_fields_are_read()
    {
        var query = Read("sort=-payAmount&facet=fundTypeCode,subject&facet=source&paidDate.exists=false&source=finance&id=finance:1&highlight=false&size=0&cursor=abc&q=“学校 食堂” -装修");
        Assert.Equal(new SortOrder("payAmount", Descending: true), query.Sort);
        Assert.Equal(["fundTypeCode", "subject", "source"], query.Facets);
        Assert.Contains(new ExistsFilter("paidDate", Exists: false), query.Filters);
        Assert.Equal(["source", "id"], query.Filters.OfType<TermFilter>().Select(filter => filter.Field));
        Assert.Equal((false, 0, "abc", "\"学校 食堂\" -装修"), (query.Highlight, query.Size, query.Cursor, query.Text));
    }

    [Fact]
    public void What_every_record_has_is_a_keyword_too()
    {
        Assert.Equal(new SortOrder("source", Descending: true), Read("sort=-source").Sort);
        Assert.Equal(new SortOrder("subject", Descending: false), Read("sort=subject").Sort);
        Assert.Equal([new ExistsFilter("source", true), new ExistsFilter("subject", true)], Read("source.exists=true&subject.exists=true").Filters);
    }

    private SearchQuery Read(string query)
    {
        var findings = new List<Finding>();
        var read = SearchParameters.Read(new QueryCollection(QueryHelpers.ParseQuery(query)), catalog, findings);
        return findings.Count > 0 ? throw new HubException(findings) : read;
    }
}
