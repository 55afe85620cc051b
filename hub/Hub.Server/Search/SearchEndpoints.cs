using System.ComponentModel;
using Hub.Core.Ops;
using Hub.Server.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Hub.Server.Search;

/// <summary>Search and records.</summary>
internal static class SearchEndpoints
{
    public static void MapSearch(this IEndpointRouteBuilder api)
    {
        api.MapGet("/search", SearchAsync)
            .WithName("search").WithTags("Search")
            .WithSummary("Search records 检索")
            .WithDescription(SearchText.Description)
            .Produces<Problem>(400, Problem.ContentType)
            .Produces<Problem>(503, Problem.ContentType)
            .AddOpenApiOperationTransformer(SearchText.DescribeAsync);

        api.MapGet("/records/{subject}/{**id}", RecordAsync)
            .WithName("record").WithTags("Search")
            .WithSummary("One record with its links both ways 数据穿透")
            .WithDescription(
                "The record, the records it names, the records that name it (count and the first five), and the path from the top of the "
                + "budget down to it. Percent-encode the id: it may hold any character.")
            .Produces<Problem>(400, Problem.ContentType)
            .Produces<Problem>(404, Problem.ContentType)
            .Produces<Problem>(503, Problem.ContentType);

        api.MapGet("/receipt", ReceiptAsync)
            .WithName("receipt").WithTags("Search")
            .WithSummary("A receipt for what is in the log now 回执")
            .WithDescription(
                "Everything that is in the log at this moment is searchable in an answer to waitFor=<receipt>, of this Hub or of another on the same log. A receipt is text without a meaning of its own; "
                + "it holds for as long as the log does.");
    }

    private static async Task<Ok<SearchResponse>> SearchAsync(HttpRequest request, Searcher searcher, CancellationToken cancellationToken)
        => TypedResults.Ok(await searcher.SearchAsync(request.Query, cancellationToken));

    private static async Task<Ok<RecordResponse>> RecordAsync(
        [Description("Such as finance.paymentDetail.")] string subject,
        [Description("{source}:{key}, such as finance:A1B2.")] string id,
        [Description(FreshnessDemand.MinFreshnessText)] string? minFreshness,
        [Description(FreshnessDemand.WaitForText)] string? waitFor,
        [Description(FreshnessDemand.WaitText)] string? wait,
        Searcher searcher, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var demand = FreshnessDemand.Read(minFreshness, waitFor, wait, time.GetUtcNow(), findings);
        // The server leaves an encoded slash as it came. An id never holds "%2F" itself: it writes '%' as "%25".
        return findings.Count > 0
            ? throw new HubException(findings)
            : TypedResults.Ok(await searcher.RecordAsync(subject, id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), demand, cancellationToken));
    }

    private static async Task<Ok<ReceiptResponse>> ReceiptAsync(FreshnessGate gate, CancellationToken cancellationToken)
        => TypedResults.Ok(new ReceiptResponse($"{await gate.ReceiptAsync(cancellationToken)}"));
}
