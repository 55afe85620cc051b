using Lucene.Net.Index;
using Lucene.Net.Search;

namespace Hub.Index.Lucene;

/// <summary>
/// Which version of a document the index holds: what was written since the last refresh, else what the segments say. For the one thread that writes.
/// </summary>
internal sealed class HeldVersions(SearcherManager manager, int maxPending) : IDisposable
{
    private readonly VersionMap pending = new();
    private UidFilter? filter;
    private IndexSearcher? searcher;
    private VersionLookup? lookup;

    public bool IsFull => pending.Count >= maxPending;

    /// <summary>False: nothing in the index has the uid, live or as a marker.</summary>
    public bool TryGet(in DocumentUid uid, ulong hash, out long version)
    {
        version = 0;
        if (!Filter().MayContain(hash))
            return false;
        if (pending.TryGet(uid.Span, hash, out version))
            return true;
        lookup ??= Open();
        return lookup.TryGet(uid.Bytes, uid.Length, out version);
    }

    public void Set(in DocumentUid uid, ulong hash, long version, bool isNew)
    {
        pending.Set(uid.Span, hash, version);
        if (!isNew)
            return;
        if (Filter().Count >= Filter().Capacity)
            filter = Fill();
        Filter().Add(hash);
    }

    /// <summary>After the manager was refreshed: the segments now tell what was pending.</summary>
    public void Forget()
    {
        pending.Clear();
        Close();
    }

    public void Dispose() => Close();

    private UidFilter Filter() => filter ??= Fill();

    private UidFilter Fill()
    {
        lookup ??= Open();
        var reader = searcher!.IndexReader;
        var full = new UidFilter(reader.MaxDoc + pending.Count);
        foreach (var leaf in reader.Leaves)
        {
            var terms = leaf.AtomicReader.GetTerms(FieldNames.Uid)?.GetEnumerator();
            while (terms is not null && terms.MoveNext())
                full.Add(DocumentUid.Hash(terms.Term.Bytes.AsSpan(terms.Term.Offset, terms.Term.Length)));
        }

        pending.AddTo(full);
        return full;
    }

    private VersionLookup Open()
    {
        searcher = manager.Acquire();
        return new VersionLookup(searcher.IndexReader);
    }

    private void Close()
    {
        if (searcher is not null)
            manager.Release(searcher);
        searcher = null;
        lookup = null;
    }
}
