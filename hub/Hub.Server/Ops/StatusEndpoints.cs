using System.ComponentModel;
using System.Globalization;
using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Hosting;
using Hub.Server.Search;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Hub.Server.Ops;

/// <summary>How Hub is, and what it refused.</summary>
internal static class StatusEndpoints
{
    private const string DeadLetterSubject = "hub.deadLetter";
    private static readonly string[] States = ["open", "superseded", "all"];

    public static void MapStatus(this IEndpointRouteBuilder api)
    {
        api.MapGet("/status", StatusAsync)
            .WithName("status").WithTags("Operation")
            .WithSummary("Sources, lag and counts 运行状态")
            .WithDescription("Each source with its state, freshness (asOf), progress of the first full read and problem; the lag of each consumer group; what the index holds.");

        api.MapGet("/dead-letters", DeadLettersAsync)
            .WithName("deadLetters").WithTags("Operation")
            .WithSummary("Refused records 死信")
            .WithDescription("Records that could not be taken, newest first, with reason and origin. The refused bytes are not shown: nobody knows what in them is personal.")
            .Produces<Problem>(400, Problem.ContentType);
    }

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new HealthResponse("live")))
            .WithName("live").WithTags("Operation").WithSummary("Whether the process answers");
        app.MapGet("/health/ready", Ready)
            .WithName("ready").WithTags("Operation").WithSummary("Whether Hub can serve searches")
            .Produces<Problem>(503, Problem.ContentType);
    }

    private static Ok<HealthResponse> Ready(HubState state)
        => state.NotReady() is { } finding ? throw new HubException(finding) : TypedResults.Ok(new HealthResponse("ready"));

    private static async Task<Ok<StatusResponse>> StatusAsync(HubState state, TimeProvider time, CancellationToken cancellationToken)
    {
        var sources = state.Sources();
        var lags = await LagsAsync(state, cancellationToken);
        var counts = await state.Counts(cancellationToken);
        return TypedResults.Ok(new StatusResponse(
            time.GetUtcNow().UtcDateTime,
            [.. sources.Select(SourceView.Of)],
            [.. lags.Select(ToView)],
            [.. counts.OrderBy(count => count.Subject, StringComparer.Ordinal).Select(count => new SubjectCountView(count.Subject, count.Documents, count.DeleteMarkers))],
            sources.Sum(source => source.DeadLetters),
            await state.Findings(cancellationToken)));
    }

    /// <summary>A log that cannot be reached must not hide how everything else is; the sources say what is wrong with it.</summary>
    private static async ValueTask<IReadOnlyList<GroupLag>> LagsAsync(HubState state, CancellationToken cancellationToken)
    {
        try
        {
            return await state.Lags(cancellationToken);
        }
        catch (HubException failure) when (failure.IsTransient)
        {
            return [];
        }
    }

    private static GroupView ToView(GroupLag group)
        => new(
            group.Group, group.Partitions.Sum(place => place.End - place.Searchable), group.Partitions.Sum(place => place.End - place.Committed),
            [.. group.Partitions.Select(place => new PartitionView(
                place.Partition.Topic, place.Partition.Partition, place.Searchable, place.Committed, place.End, place.End - place.Searchable))]);

    private static async Task<Ok<DeadLettersResponse>> DeadLettersAsync(
        [Description("Those of one source.")] string? source,
        [Description("open (the default), superseded or all.")] string? state,
        [Description("How many per page, 1 to 1000; 50 when left out.")] string? size,
        [Description("nextCursor of the page before.")] string? cursor,
        IIndex index, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        state ??= States[0];
        if (!States.Contains(state, StringComparer.Ordinal))
            throw FieldValues.Wrong("state", $"'{state}' is not a state of dead letters.", Nearest.Suggest(state, States, "states"));
        if (!int.TryParse(size ?? "50", NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 1000)
            throw FieldValues.Wrong("size", $"'{size}' is not a whole number from 1 to 1000.", "Write such a number.");
        if (catalog.Find(DeadLetterSubject) is null)
            return TypedResults.Ok(new DeadLettersResponse(0, [], null));

        List<Filter> filters = [];
        if (state != "all")
            filters.Add(new TermFilter("state", [state]));
        if (source is not null)
            filters.Add(new TermFilter("source", [source]));
        var result = await index.SearchAsync(
            new SearchQuery
            {
                Subjects = [DeadLetterSubject], Filters = filters, Sort = new("recordedAt", Descending: true),
                Highlight = false, Size = count, Cursor = cursor,
            },
            cancellationToken);
        return TypedResults.Ok(new DeadLettersResponse(
            result.Total, [.. result.Hits.Select(hit => new RecordView(catalog, hit.Document.Value))], result.NextCursor));
    }
}
