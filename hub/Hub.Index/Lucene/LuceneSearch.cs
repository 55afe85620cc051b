using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>Reads from the index as it was last refreshed. Any number of threads.</summary>
internal sealed class LuceneSearch(IndexMapping mapping, TextAnalysis analysis, SearcherManager manager)
{
    private readonly Vocabulary vocabulary = new(mapping.Catalog.Words, analysis);

    public SearchResult Search(SearchQuery query, CancellationToken cancellationToken)
    {
        var plan = new QueryPlan(query, mapping, analysis, vocabulary);
        var compiled = plan.Conditions.Select(FilterCompiler.Compile).ToList();
        var sort = SortPlan.Of(plan);
        var after = query.Cursor is { } cursor ? Cursor.Read(query, cursor, sort.GetSort().Length) : null;
        var facets = plan.Facets.Select(facet => (facet.Field, Counter: CounterOf(facet.Name, facet.Field))).ToList();

        return Using(searcher =>
        {
            var page = query.Size == 0 ? null : TopFieldCollector.Create(sort, query.Size + 1, after, true, plan.HasScore && query.Sort is null, false, true);
            var collector = new MatchCollector(page, [.. facets.Select(facet => facet.Counter)], cancellationToken);
            var composed = Compose(plan, compiled, searcher);
            searcher.Search(composed, collector);
            var top = page?.GetTopDocs().ScoreDocs ?? [];
            var shown = top.Take(query.Size).ToList();
            var highlighter = query.Highlight && plan.HasScore ? new Highlighter(analysis, mapping, plan.Words) : null;
            return new SearchResult(
                collector.Total,
                [.. shown.Select(hit => HitOf(searcher, hit, highlighter) with { Explanation = query.Explain ? Explainer.Of(StepOf(searcher.Explain(composed, hit.Doc))) : null })],
                [.. facets.Select(facet => facet.Counter.Top(query.FacetSize, mapping.NamesOf(facet.Field)))],
                top.Length > query.Size ? Cursor.Write(query, (FieldDoc)shown[^1]) : null)
            {
                Explanation = query.Explain ? Explainer.Of(plan, composed.ToString()) : null,
            };
        });
    }

    public StoredDocument? Get(string subject, string id)
    {
        FieldResolver.CheckSubject(mapping.Catalog, subject);
        return Using(searcher =>
        {
            var hits = searcher.Search(new TermQuery(new Term(FieldNames.Uid, new BytesRef(DocumentUid.Of(subject, id)))), 1).ScoreDocs;
            return hits.Length == 0 ? null : Stored(searcher.IndexReader, hits[0].Doc);
        });
    }

    public IReadOnlyList<SubjectCount> Count()
        => Using(searcher => mapping.Catalog.Subjects
            .Select(schema => new SubjectCount(schema.Subject, CountOf(searcher, FieldNames.Subject, schema.Subject), CountOf(searcher, FieldNames.Deleted, schema.Subject)))
            .ToList());

    /// <summary>One picture of the index from beginning to end, however long that takes.</summary>
    public IEnumerable<StoredDocument> Scan(string subject, string? afterId)
    {
        FieldResolver.CheckSubject(mapping.Catalog, subject);
        var searcher = manager.Acquire();
        try
        {
            var reader = searcher.IndexReader;
            var live = MultiFields.GetLiveDocs(reader);
            var prefix = new BytesRef(DocumentUid.Of(subject, ""));
            var after = new BytesRef(DocumentUid.Of(subject, afterId ?? ""));
            var terms = MultiFields.GetTerms(reader, FieldNames.Uid)?.GetEnumerator();
            DocsEnum? docs = null;
            if (terms is null || terms.SeekCeil(after) == TermsEnum.SeekStatus.END)
                yield break;
            do
            {
                if (!StringHelper.StartsWith(terms.Term, prefix))
                    yield break;
                if (terms.Term.BytesEquals(after))
                    continue;
                docs = terms.Docs(live, docs, DocsFlags.NONE);
                var doc = docs.NextDoc();
                if (doc != DocIdSetIterator.NO_MORE_DOCS && Stored(reader, doc) is { } document)
                    yield return document;
            }
            while (terms.MoveNext());
        }
        finally
        {
            manager.Release(searcher);
        }
    }

    private T Using<T>(Func<IndexSearcher, T> read)
    {
        var searcher = manager.Acquire();
        try
        {
            return read(searcher);
        }
        finally
        {
            manager.Release(searcher);
        }
    }

    private static BooleanQuery Compose(QueryPlan plan, List<Query> filters, IndexSearcher searcher)
    {
        var all = new BooleanQuery();
        if (plan.Words.Count > 0)
            all.Add(new TextQuery(searcher.IndexReader).Build(plan.Words), Occur.MUST);
        else
            all.Add(new MatchAllDocsQuery(), Occur.MUST);
        if (plan.Query.Subjects.Count > 0)
            all.Add(Unscored(FilterCompiler.Terms(FieldNames.Subject, plan.Subjects.Select(System.Text.Encoding.UTF8.GetBytes))), Occur.MUST);
        foreach (var filter in filters)
            all.Add(Unscored(filter), Occur.MUST);
        all.Add(new TermQuery(new Term(FieldNames.Deleted, FieldNames.AnyMarker)), Occur.MUST_NOT);
        return all;
    }

    private static ConstantScoreQuery Unscored(Query filter) => new(filter) { Boost = 0 };

    private static FacetCounter CounterOf(string name, IndexField field)
        => field.IsKeyword ? new KeywordFacetCounter(field.Name, name) : new NumberFacetCounter(field.Name, name);

    private static long CountOf(IndexSearcher searcher, string field, string term)
    {
        var counter = new TotalHitCountCollector();
        searcher.Search(new TermQuery(new Term(field, term)), counter);
        return counter.TotalHits;
    }

    private SearchHit HitOf(IndexSearcher searcher, ScoreDoc hit, Highlighter? highlighter)
    {
        var document = Stored(searcher.IndexReader, hit.Doc)!;
        return new SearchHit(document, float.IsNaN(hit.Score) ? 0 : hit.Score, highlighter?.Highlight(document) ?? Highlighter.None);
    }

    private static ScoreStep StepOf(Explanation explanation) => new(explanation.Value, explanation.Description, [.. (explanation.GetDetails() ?? []).Select(StepOf)]);

    /// <summary>Null for a delete marker.</summary>
    private static StoredDocument? Stored(IndexReader reader, int doc)
    {
        var leaf = reader.Leaves[ReaderUtil.SubIndex(doc, reader.Leaves)];
        var local = doc - leaf.DocBase;
        var visitor = new ValueVisitor();
        leaf.AtomicReader.Document(local, visitor);
        if (visitor.Value is not { } value)
            return null;
        var uid = new BytesRef();
        leaf.AtomicReader.GetBinaryDocValues(FieldNames.Uid).Get(local, uid);
        var bytes = uid.Bytes.AsSpan(uid.Offset, uid.Length);
        return new(DocumentUid.SubjectOf(bytes), DocumentUid.IdOf(bytes), leaf.AtomicReader.GetNumericDocValues(FieldNames.Version).Get(local), value);
    }

    private sealed class ValueVisitor : StoredFieldVisitor
    {
        public byte[]? Value { get; private set; }

        public override Status NeedsField(FieldInfo fieldInfo) => Value is not null ? Status.STOP : fieldInfo.Name == FieldNames.Value ? Status.YES : Status.NO;

        public override void BinaryField(FieldInfo fieldInfo, byte[] value) => Value = value;
    }
}
