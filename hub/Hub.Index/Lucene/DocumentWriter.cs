using System.Runtime.InteropServices;
using System.Text;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Resolution;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>Applies log entries to the Lucene writer. For one thread.</summary>
internal sealed class DocumentWriter(IndexWriter writer, IndexMapping mapping, TextAnalysis analysis, HeldVersions versions, CommitRecord record)
{
    private readonly Dictionary<int, DocumentBuilder> builders = [];
    private readonly TextCache cache = new(analysis);
    private readonly CodeNames<AnalyzedText> names = new(mapping.Catalog.CodeLists, name => analysis.Analyze(name.ToCharArray(), name.Length));
    private readonly Dictionary<string, byte[]> subjects = new(StringComparer.Ordinal);
    private readonly RecordTranscoder transcoder = new();
    private byte[] uid = new byte[256];
    private byte[] own = [];

    public WriteOutcome Write(LogBatch entries, in LogEntry entry)
    {
        if (mapping.Catalog.Find(entry.Place.Topic) is not { } subject)
            return new WriteOutcome.Rejected($"No schema describes the subject '{entry.Place.Topic}'.");
        if (entry.Operation == Operation.Truncate)
            return Truncate(entry);
        if (!TryReadUid(entries.Bytes(entry.Key), entry.Place.Topic, out var id, out var reason))
            return new WriteOutcome.Rejected(reason);

        var hash = DocumentUid.Hash(id.Span);
        if (entry.Version < FloorOf(entry.Place.Topic, id))
            return WriteOutcome.Stale;
        var isHeld = versions.TryGet(id, hash, out var held);
        if (isHeld && entry.Version < held)
            return WriteOutcome.Stale;

        try
        {
            Put(id, isHeld, entry.Value.IsNull
                ? BuilderOf(subject).BuildMarker(id, entry.Version)
                : BuildLive(entries.Memory(entry.Value), entry, id));
        }
        catch (InvalidDataException failure)
        {
            return new WriteOutcome.Rejected(failure.Message);
        }

        versions.Set(id, hash, entry.Version, isNew: !isHeld);
        return WriteOutcome.Applied;
    }

    /// <summary>The floor stands for the markers of all that is deleted here, known to the index or not.</summary>
    private WriteOutcome Truncate(in LogEntry entry)
    {
        var scope = (entry.Place.Topic, entry.Source);
        if (record.Floors.TryGetValue(scope, out var floor) && entry.Version < floor)
            return WriteOutcome.Stale;
        record.Floors[scope] = entry.Version;
        if (entry.Version > long.MinValue)
        {
            writer.DeleteDocuments(new BooleanQuery
            {
                { new TermQuery(new Term(FieldNames.Subject, entry.Place.Topic)), Occur.MUST },
                { new TermQuery(new Term(FieldNames.Source, entry.Source)), Occur.MUST },
                { new ConstantScoreQuery(FieldCacheRangeFilter.NewInt64Range(FieldNames.Version, null, entry.Version, true, false)), Occur.MUST },
            });
        }

        return WriteOutcome.Applied;
    }

    private List<IIndexableField> BuildLive(ReadOnlyMemory<byte> value, in LogEntry entry, in DocumentUid id)
    {
        var plan = mapping.Catalog.PlanOf(value.Span);
        if (plan.Schema.Subject != entry.Place.Topic)
            throw new InvalidDataException($"The value was written with the schema of {plan.Schema.Subject}, not of {entry.Place.Topic}.");
        // The index outlives this process, which alone knows the schema of a foreign writer.
        if (mapping.Catalog.Find(WireFormat.ReadSchemaId(value.Span)) is null)
            (value, plan) = (OwnOf(plan, value.Span[WireFormat.HeaderSize..]), mapping.Catalog.PlanOf(own));
        if (!MemoryMarshal.TryGetArray(value, out var wire))
            throw new InvalidOperationException("A log batch keeps its bytes in an array.");
        return BuilderOf(plan.Schema).Build(id, entry.Version, plan, wire.Array!, wire.Offset, wire.Count);
    }

    private ReadOnlyMemory<byte> OwnOf(ReadPlan foreign, ReadOnlySpan<byte> avro)
    {
        var written = transcoder.Write(foreign, avro);
        if (own.Length < written.Length)
            own = new byte[written.Length * 2];
        written.CopyTo(own);
        return own.AsMemory(0, written.Length);
    }

    private void Put(in DocumentUid id, bool isHeld, List<IIndexableField> fields)
    {
        if (!isHeld)
        {
            writer.AddDocument(fields);
            return;
        }

        // Lucene keeps the term until the delete is applied, so this one is a copy.
        writer.UpdateDocument(new Term(FieldNames.Uid, new BytesRef(id.Span.ToArray())), fields);
    }

    private DocumentBuilder BuilderOf(SubjectSchema schema)
    {
        if (!builders.TryGetValue(schema.Id, out var builder))
            builders.Add(schema.Id, builder = new DocumentBuilder(schema, mapping, cache, names));
        return builder;
    }

    private long FloorOf(string subject, in DocumentUid id)
        => record.Floors.Count > 0 && record.Floors.TryGetValue((subject, Encoding.UTF8.GetString(id.Source)), out var floor) ? floor : long.MinValue;

    private bool TryReadUid(ReadOnlySpan<byte> key, string subject, out DocumentUid id, out string reason)
    {
        var colon = key.IndexOf((byte)':');
        var head = SubjectBytes(subject);
        var length = head.Length + 1 + key.Length;
        id = default;
        reason = colon <= 0 ? "The key is not of the form source:key."
            : length > ExactField.MaxBytes ? $"The key has {key.Length} bytes, more than the index can hold."
            : "";
        if (reason.Length > 0)
            return false;

        if (uid.Length < length)
            uid = new byte[length * 2];
        head.CopyTo(uid, 0);
        uid[head.Length] = 0;
        key.CopyTo(uid.AsSpan(head.Length + 1));
        id = new(uid, length, head.Length + 1, colon);
        return true;
    }

    private byte[] SubjectBytes(string subject)
    {
        if (!subjects.TryGetValue(subject, out var bytes))
            subjects.Add(subject, bytes = Encoding.UTF8.GetBytes(subject));
        return bytes;
    }
}
