using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Ops;

namespace Hub.Server.Search;

/// <summary>Answers searches and record look-ups from the index.</summary>
internal sealed class Searcher(IIndex index, SchemaCatalog catalog, HubState state, FreshnessGate gate, TimeProvider time)
{
    private const int IncomingShown = 5;

    public async Task<SearchResponse> SearchAsync(IQueryCollection parameters, CancellationToken cancellationToken)
    {
        var (query, demand) = Read(parameters);
        await gate.PassAsync(demand, SourcesOf(query), cancellationToken);
        var started = time.GetTimestamp();
        // Read before the search: the search then sees at least what is promised.
        var asOf = state.AsOf();
        var result = await index.SearchAsync(query, cancellationToken);
        return new(
            result.Total, [.. result.Hits.Select(ToView)], [.. result.Facets.Select(ToView)], result.NextCursor, asOf,
            Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 2))
        {
            Explanation = result.Explanation,
        };
    }

    public async Task<RecordResponse> RecordAsync(string subject, string id, FreshnessDemand demand, CancellationToken cancellationToken)
    {
        if (catalog.Find(subject) is null)
            throw new HubException(SearchParameters.UnknownSubject(subject, catalog, "subject"));

        // What it links to is of the same source.
        await gate.PassAsync(demand, SourcesOf(new() { Subjects = [subject], Filters = [new TermFilter("source", [RecordFacts.SourceOf(id)])] }), cancellationToken);
        var asOf = state.AsOf();
        var document = await index.GetAsync(subject, id, cancellationToken) ?? throw NotFound(subject, id);
        var facts = RecordFacts.Of(document, catalog);
        var family = new RecordFamily(index, catalog);
        return new(
            subject, id, document.Version, facts.Source, state.IsKept(facts.Source, subject), facts.Title, new(catalog, document.Value),
            await family.PathToAsync(document, cancellationToken),
            await OutgoingAsync(facts.Links, family, cancellationToken),
            await IncomingAsync(subject, id, cancellationToken),
            asOf);
    }

    private (SearchQuery Query, FreshnessDemand Demand) Read(IQueryCollection given)
    {
        var findings = new List<Finding>();
        var query = SearchParameters.Read(given, catalog, findings);
        var demand = SearchParameters.Try(
            () => FreshnessDemand.Read(SearchParameters.Single(given, "minFreshness"), SearchParameters.Single(given, "waitFor"), SearchParameters.Single(given, "wait"), time.GetUtcNow(), findings), findings);
        if (demand?.Moment is not null && query.Subjects.FirstOrDefault(subject => subject.StartsWith(SearchParameters.OwnDomain, StringComparison.Ordinal)) is { } own)
            findings.Add(new(Codes.QueryInvalid, Severity.Error, "minFreshness", $"{own} is written by Hub itself, and no source is complete in it.", "Leave minFreshness out, or use waitFor with a receipt."));
        return findings.Count > 0 ? throw new HubException(findings) : (query, demand!);
    }

    /// <summary>The sources that fill what is asked.</summary>
    private IReadOnlyCollection<string> SourcesOf(SearchQuery query)
    {
        var named = query.Filters.OfType<TermFilter>().Where(filter => filter.Field == "source").ToList();
        return [.. state.Sources().Select(status => status.Source)
            .Where(source => named.All(filter => filter.Values.Contains(source)) && query.Subjects.Any(subject => state.IsKept(source, subject)))];
    }

    private static HubException NotFound(string subject, string id)
        => new(new Finding(
            Codes.RecordNotFound, Severity.Error, "id", $"there is no record '{id}' in {subject}.",
            id.Contains(':', StringComparison.Ordinal)
                ? "It may have been deleted upstream, or not have arrived yet; asOf in /api/v1/status tells how fresh each source is."
                : $"Ids are written source:key, like finance:{id}."));

    private HitView ToView(SearchHit hit)
    {
        var document = hit.Document;
        var facts = RecordFacts.Of(document, catalog);
        var schema = catalog.Find(document.Subject);
        // The index does not search masked fields; should one ever come back highlighted, it is not passed on.
        var highlights = hit.Highlights.Where(pair => schema?.Find(pair.Key) is { IsQueryable: true }).ToDictionary(StringComparer.Ordinal);
        return new(
            document.Subject, document.Id, document.Version, facts.Source, state.IsKept(facts.Source, document.Subject), hit.Score, facts.Title, new(catalog, document.Value), highlights, facts.Links)
        {
            Explanation = hit.Explanation,
        };
    }

    private FacetView ToView(Facet facet)
        => new(facet.Field, [.. facet.Values.Select(value => new FacetValueView(value.Value, value.Count, NameOf(facet.Field, value)))], facet.Other);

    private string? NameOf(string field, FacetValue value)
        => field == "subject" && catalog.Find(value.Value) is { } schema ? CatalogEndpoints.ChineseName(schema.Doc) : value.Name;

    private async Task<IReadOnlyList<OutgoingLink>> OutgoingAsync(
        IReadOnlyList<RecordLink> links, RecordFamily family, CancellationToken cancellationToken)
    {
        var outgoing = new List<OutgoingLink>();
        foreach (var link in links)
        {
            var member = await family.FindAsync(link.Subject, link.Id, cancellationToken);
            outgoing.Add(new(link.Field, link.Subject, link.Id, member?.Facts.Title, member is not null, link.Url));
        }

        return outgoing;
    }

    private async Task<IReadOnlyList<IncomingLinks>> IncomingAsync(string subject, string id, CancellationToken cancellationToken)
    {
        var source = RecordFacts.SourceOf(id);
        var key = id[(source.Length + 1)..];
        var incoming = new List<IncomingLinks>();
        foreach (var (schema, field) in catalog.Subjects.SelectMany(schema => schema.Fields, (schema, field) => (schema, field)))
        {
            if (field.Link != subject || !field.IsQueryable)
                continue;
            var result = await index.SearchAsync(
                new SearchQuery
                {
                    Subjects = [schema.Subject],
                    Filters = [new TermFilter(field.Name, [key]), new TermFilter("source", [source])],
                    Highlight = false,
                    Size = IncomingShown,
                },
                cancellationToken);
            if (result.Total > 0)
                incoming.Add(new(
                    schema.Subject, field.Name, result.Total, [.. result.Hits.Select(hit => RecordFamily.StepOf(hit.Document, catalog))],
                    $"/api/v1/search?subject={schema.Subject}&source={Uri.EscapeDataString(source)}&{field.Name}={Uri.EscapeDataString(key)}"));
        }

        return incoming;
    }
}
