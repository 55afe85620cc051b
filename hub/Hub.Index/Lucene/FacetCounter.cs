using System.Globalization;
using System.Text;
using Hub.Core.Index;
using Lucene.Net.Index;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>Counts one field's values among the matches.</summary>
internal abstract class FacetCounter(string field)
{
    public abstract void SetReader(AtomicReader reader);

    public abstract void Count(int doc);

    public abstract Facet Top(int size, Func<string, string?> nameOf);

    protected Facet Facet(IEnumerable<(string Value, long Count)> top, long total, Func<string, string?> nameOf)
    {
        var values = top.Select(pair => new FacetValue(pair.Value, pair.Count, nameOf(pair.Value))).ToList();
        return new(field, values, total - values.Sum(value => value.Count));
    }
}

/// <summary>Numbers: few of them, such as years.</summary>
internal sealed class NumberFacetCounter(string field, string name) : FacetCounter(name)
{
    private readonly Dictionary<long, long> counts = [];
    private NumericDocValues? values;
    private IBits? present;
    private long total;

    public override void SetReader(AtomicReader reader)
    {
        values = reader.GetNumericDocValues(field);
        present = reader.GetDocsWithField(field);
    }

    public override void Count(int doc)
    {
        if (values is null || present?.Get(doc) == false)
            return;
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, values.Get(doc), out _)++;
        total++;
    }

    public override Facet Top(int size, Func<string, string?> nameOf)
        => Facet(
            counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(size)
                .Select(pair => (pair.Key.ToString(CultureInfo.InvariantCulture), pair.Value)),
            total, nameOf);
}

/// <summary>
/// Keywords: one number per distinct value and segment while counting; the segments' sorted values are merged at the end, so that a field of
/// millions of values costs no strings.
/// </summary>
internal sealed class KeywordFacetCounter(string field, string name) : FacetCounter(name)
{
    private readonly List<Segment> segments = [];
    private Segment? current;
    private long total;

    public override void SetReader(AtomicReader reader)
    {
        current = reader.GetSortedDocValues(field) is { ValueCount: > 0 } values ? new Segment(values) : null;
        if (current is not null)
            segments.Add(current);
    }

    public override void Count(int doc)
    {
        if (current is not null && current.Count(doc))
            total++;
    }

    public override Facet Top(int size, Func<string, string?> nameOf)
    {
        // The least of the best is on top; of equal counts the later value goes first.
        var best = new PriorityQueue<(string Value, long Count), (long Count, long Order)>();
        var order = 0L;
        foreach (var (value, count) in Merge())
        {
            order--;
            if (best.Count >= size && (size == 0 || count <= best.Peek().Count))
                continue;
            if (best.Count == size)
                best.Dequeue();
            best.Enqueue((Encoding.UTF8.GetString(value.Bytes, value.Offset, value.Length), count), (count, order));
        }

        var top = new (string Value, long Count)[best.Count];
        for (var i = top.Length - 1; i >= 0; i--)
            top[i] = best.Dequeue();
        return Facet(top, total, nameOf);
    }

    private IEnumerable<(BytesRef Value, long Count)> Merge()
    {
        var queue = new PriorityQueue<Segment, BytesRef>();
        foreach (var segment in segments)
            if (segment.MoveNext())
                queue.Enqueue(segment, segment.Value);

        while (queue.TryDequeue(out var segment, out _))
        {
            var value = BytesRef.DeepCopyOf(segment.Value);
            long count = 0;
            for (; ; segment = queue.Dequeue())
            {
                count += segment.ValueCount;
                if (segment.MoveNext())
                    queue.Enqueue(segment, segment.Value);
                if (!queue.TryPeek(out _, out var next) || !next.BytesEquals(value))
                    break;
            }

            yield return (value, count);
        }
    }

    private sealed class Segment(SortedDocValues values)
    {
        private readonly int[] counts = new int[values.ValueCount];
        private int ord = -1;

        /// <summary>A new one for each step: the queue holds the one before.</summary>
        public BytesRef Value { get; private set; } = new();

        public int ValueCount => counts[ord];

        public bool Count(int doc)
        {
            var found = values.GetOrd(doc);
            if (found < 0)
                return false;
            counts[found]++;
            return true;
        }

        public bool MoveNext()
        {
            while (++ord < counts.Length)
            {
                if (counts[ord] == 0)
                    continue;
                Value = new BytesRef();
                values.LookupOrd(ord, Value);
                return true;
            }

            return false;
        }
    }
}
