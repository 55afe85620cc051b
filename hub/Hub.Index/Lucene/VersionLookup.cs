using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>The versions held by the segments of one open reader. For the one thread that writes.</summary>
internal sealed class VersionLookup
{
    private readonly Segment[] segments;
    private readonly BytesRef term = new();

    public VersionLookup(IndexReader reader)
        => segments = [.. reader.Leaves
            .Select(leaf => Segment.Open(leaf.AtomicReader))
            .OfType<Segment>()
            .OrderByDescending(segment => segment.Size)];

    public bool TryGet(byte[] uid, int length, out long version)
    {
        term.Bytes = uid;
        term.Offset = 0;
        term.Length = length;
        foreach (var segment in segments)
            if (segment.TryGet(term, out version))
                return true;
        version = 0;
        return false;
    }

    private sealed class Segment(TermsEnum terms, IBits? live, NumericDocValues versions, int size)
    {
        private DocsEnum? docs;

        public int Size => size;

        public static Segment? Open(AtomicReader reader)
            => reader.GetTerms(FieldNames.Uid) is { } terms
                ? new Segment(terms.GetEnumerator(), reader.LiveDocs, reader.GetNumericDocValues(FieldNames.Version), reader.NumDocs)
                : null;

        public bool TryGet(BytesRef uid, out long version)
        {
            version = 0;
            if (!terms.SeekExact(uid))
                return false;
            docs = terms.Docs(live, docs, DocsFlags.NONE);
            var doc = docs.NextDoc();
            if (doc == DocIdSetIterator.NO_MORE_DOCS)
                return false;
            version = versions.Get(doc);
            return true;
        }
    }
}
