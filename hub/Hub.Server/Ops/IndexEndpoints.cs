using System.ComponentModel;
using Hub.Core.Ops;
using Hub.Server.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Hub.Server.Ops;

/// <summary>The generations of a subject's index.</summary>
/// <param name="Live">The one that is searched.</param>
/// <param name="Building">The one that is being built, if any.</param>
/// <param name="Kept">An earlier one that can become live again, if any.</param>
/// <param name="IsRunning">Whether this Hub builds it at this moment.</param>
/// <param name="Phase">reading, comparing or done; null when this Hub built none since it was started.</param>
/// <param name="Read">Entries of the log that were read since the rebuild was begun or resumed.</param>
/// <param name="Left">Entries that are left to read.</param>
/// <param name="Compared">Documents that were compared before the swap.</param>
/// <param name="Findings">Why it was not swapped in.</param>
public sealed record IndexView(string Subject, int Live, int? Building, int? Kept, bool IsRunning, string? Phase, long? Read, long? Left, long? Compared, IReadOnlyList<Finding> Findings);

/// <summary>Builds indices anew while everything goes on. There only where the index is in Elasticsearch.</summary>
internal static class IndexEndpoints
{
    public static void MapIndex(this IEndpointRouteBuilder api)
    {
        api.MapGet("/index", (IndexRebuilds rebuilds, CancellationToken cancellationToken) => ReadAsync(rebuilds, cancellationToken))
            .WithName("index").WithTags("Operation")
            .WithSummary("Generations of the index 索引各代")
            .WithDescription("Per subject the generation that is searched, the one that is being built, and the one that is kept.");
        Map(api, "rebuild", "Build a subject's index anew 重建索引", (rebuilds, subject, cancellationToken) => rebuilds.BeginAsync(subject, cancellationToken));
        Map(api, "roll-back", "Go back to the generation that is kept 回退", (rebuilds, subject, cancellationToken) => rebuilds.RollBackAsync(subject, cancellationToken));
        Map(api, "cancel", "Give up what is being built 取消重建", (rebuilds, subject, cancellationToken) => rebuilds.CancelAsync(subject, cancellationToken));
        Map(api, "drop-kept", "Delete the generation that is kept 删除旧索引", (rebuilds, subject, cancellationToken) => rebuilds.DropKeptAsync(subject, cancellationToken));
    }

    private static void Map(IEndpointRouteBuilder api, string action, string summary, Func<IndexRebuilds, string, CancellationToken, Task> run)
        => api.MapPost($"/index/{{subject}}/{action}", ([Description("The subject, such as finance.payment.")] string subject, HttpRequest request, IndexRebuilds rebuilds, CancellationToken cancellationToken)
                => ActAsync(request, rebuilds, () => run(rebuilds, subject, cancellationToken), cancellationToken))
            .WithName($"index-{action}").WithTags("Operation").WithSummary(summary)
            .WithDescription("The body is an empty JSON object.")
            .Produces<Problem>(400, Problem.ContentType).Produces<Problem>(409, Problem.ContentType);

    private static async Task<Ok<IReadOnlyList<IndexView>>> ReadAsync(IndexRebuilds rebuilds, CancellationToken cancellationToken) => TypedResults.Ok(await rebuilds.ReadAsync(cancellationToken));

    private static async Task<Ok<IReadOnlyList<IndexView>>> ActAsync(HttpRequest request, IndexRebuilds rebuilds, Func<Task> act, CancellationToken cancellationToken)
    {
        // A page of another site can send a form, but no JSON without being asked for it.
        if (!request.HasJsonContentType())
            throw new HubException(new Finding(Codes.QueryInvalid, Severity.Error, request.Path, "The body is not JSON.", "Send {} with Content-Type: application/json."));
        await act();
        return await ReadAsync(rebuilds, cancellationToken);
    }
}
