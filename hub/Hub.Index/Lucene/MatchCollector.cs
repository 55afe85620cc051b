using Lucene.Net.Index;
using Lucene.Net.Search;

namespace Hub.Index.Lucene;

/// <summary>Collects the page and the facets in one pass over the matches.</summary>
internal sealed class MatchCollector(TopFieldCollector? page, IReadOnlyList<FacetCounter> facets, CancellationToken cancellationToken) : ICollector
{
    public long Total { get; private set; }

    /// <summary>The order of documents keeps scores the same from page to page.</summary>
    public bool AcceptsDocsOutOfOrder => false;

    public void SetScorer(Scorer scorer) => page?.SetScorer(scorer);

    public void SetNextReader(AtomicReaderContext context)
    {
        cancellationToken.ThrowIfCancellationRequested();
        page?.SetNextReader(context);
        foreach (var facet in facets)
            facet.SetReader(context.AtomicReader);
    }

    public void Collect(int doc)
    {
        if ((++Total & 0xffff) == 0)
            cancellationToken.ThrowIfCancellationRequested();
        page?.Collect(doc);
        foreach (var facet in facets)
            facet.Count(doc);
    }
}
