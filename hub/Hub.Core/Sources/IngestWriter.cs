using System.Text;
using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Sinks;

namespace Hub.Core.Sources;

/// <summary>
/// Writes a source's batches to the log: each row is mapped to its subject's Avro, and a row that cannot be mapped becomes a
/// dead letter in the same append. Not for concurrent use: one writer per source.
/// </summary>
public sealed class IngestWriter(
    SourceDefinition definition, SchemaCatalog catalog, ILog log, DeadLetterBook deadLetters, Freshness freshness)
{
    /// <summary>How many shapes of a table are remembered: two alternate while a source passes from one to the other.</summary>
    private const int MostShapes = 8;

    private static readonly byte[] TruncateKey = "\u0001truncate"u8.ToArray();

    private readonly byte[] idPrefix = Encoding.UTF8.GetBytes(definition.Name + ":");
    private readonly Dictionary<string, Route> routes = new(StringComparer.Ordinal);
    private readonly LogBatch entries = new();
    private readonly AvroWriter value = new();
    private readonly KeyWriter key = new();
    private RelationShape? lastShape;
    private Target? lastTarget;
    private bool hasShapeChanged;

    /// <param name="Targets">Of each shape that the table's rows had; the last is the one that they have now.</param>
    private sealed record Route(TableMapping Mapping, SubjectSchema Schema, TopicPartition[] Partitions, List<Target> Targets);

    private sealed record Target(Route Route, RelationShape Shape, RowMapper Mapper, IReadOnlyList<Finding> Drift);

    /// <summary>Entries written to the log.</summary>
    public long Written { get; private set; }

    /// <summary>What differs between the definition and the columns that the source has now.</summary>
    public IReadOnlyList<Finding> Drift { get; private set; } = [];

    /// <summary>Makes sure that every topic exists.</summary>
    public async Task OpenAsync(int partitions, CancellationToken cancellationToken)
    {
        foreach (var mapping in definition.Tables)
        {
            var count = await log.EnsureTopicAsync(mapping.Subject, partitions, cancellationToken);
            routes[mapping.Table] = new(
                mapping, catalog.Find(mapping.Subject)!, [.. Enumerable.Range(0, count).Select(partition => new TopicPartition(mapping.Subject, partition))], []);
        }
    }

    /// <summary>Returns when the batch's records and its position are durable, in one transaction.</summary>
    public async ValueTask WriteAsync(SourceBatch batch, CancellationToken cancellationToken)
    {
        entries.Clear();
        try
        {
            for (var i = 0; i < batch.Envelopes.Count; i++)
                Add(batch.Envelopes, i);
            if (hasShapeChanged)
                (Drift, hasShapeChanged) = ([.. routes.Values.Where(route => route.Targets.Count > 0).SelectMany(route => route.Targets[^1].Drift)], false);
            var checkpoint = new Checkpoint(definition.Name, batch.Position, batch.CompleteAsOf);
            MarkComplete(checkpoint, await log.AppendAsync(entries, checkpoint, cancellationToken));
        }
        catch
        {
            // The batch is not known to be in the log, so neither is any dead letter known to be closed; the source gives it again.
            deadLetters.Reopen(entries);
            throw;
        }

        Written += entries.Count;
    }

    /// <summary>Makes known what was complete before a restart.</summary>
    public void Recall(StoredCheckpoint stored) => MarkComplete(stored.Checkpoint, stored.EndOffsets);

    /// <summary>
    /// The source is complete once its own partitions are searchable up to these ends. Other topics do not count: one that
    /// nobody reads any more would otherwise be waited for without end.
    /// </summary>
    private void MarkComplete(Checkpoint checkpoint, IReadOnlyDictionary<TopicPartition, long> ends)
    {
        if (checkpoint.CompleteAsOf is not { } moment)
            return;
        var own = new Dictionary<TopicPartition, long>();
        foreach (var route in routes.Values)
            foreach (var partition in route.Partitions)
                own[partition] = ends.GetValueOrDefault(partition);
        freshness.Written(definition.Name, moment, own);
    }

    private void Add(EnvelopeBatch batch, int index)
    {
        var envelope = batch[index];
        var target = envelope.Shape == lastShape ? lastTarget! : TargetOf(envelope.Shape);
        var row = batch.RowOf(envelope);
        if (batch.NoteOf(index) is { IsRefused: true } note)
        {
            // The key, if the row has it, says which good record closes the dead letter.
            target.Mapper.MapKey(row, key, out _);
            Refuse(target, batch, envelope, DeadLetterReason.Unreadable, note.Reason, Encoding.UTF8.GetString(batch.RecordOf(note)));
            return;
        }

        switch (envelope.Operation)
        {
            case Operation.Truncate:
                Append(target, envelope, TruncateKey, default, batch.PositionOf(envelope));
                deadLetters.SupersedeOlder(entries, definition.Name, target.Route.Schema.Subject, envelope.Version);
                break;
            case Operation.Delete:
                AddDelete(target, batch, index, row);
                break;
            default:
                AddUpsert(target, batch, index, row);
                break;
        }
    }

    private void AddUpsert(Target target, EnvelopeBatch batch, int index, in Row row)
    {
        var envelope = batch[index];
        switch (target.Mapper.Map(row, value, key, out var refusal))
        {
            case MapOutcome.Upsert:
                Append(target, envelope, key.Written, value.Written, batch.PositionOf(envelope));
                break;
            case MapOutcome.Delete:
                Append(target, envelope with { Operation = Operation.Delete }, key.Written, default, batch.PositionOf(envelope));
                break;
            default:
                Refuse(target, batch, index, refusal!);
                break;
        }
    }

    private void AddDelete(Target target, EnvelopeBatch batch, int index, in Row row)
    {
        if (target.Mapper.MapKey(row, key, out var refusal))
            Append(target, batch[index], key.Written, default, batch.PositionOf(batch[index]));
        else
            Refuse(target, batch, index, refusal!);
    }

    private void Append(Target target, in Envelope envelope, ReadOnlySpan<byte> documentKey, ReadOnlySpan<byte> record, ReadOnlySpan<byte> position)
    {
        var id = entries.Reserve(idPrefix.Length + documentKey.Length);
        idPrefix.CopyTo(id);
        documentKey.CopyTo(id[idPrefix.Length..]);
        var idCell = entries.Take(idPrefix.Length + documentKey.Length);
        var partitions = target.Route.Partitions;
        entries.Add(new(
            partitions[Partitioner.PartitionOf(entries.Bytes(idCell), partitions.Length)], -1, definition.Name, envelope.Operation,
            envelope.Version, envelope.OccurredAt, idCell, record.IsEmpty ? Cell.Null : entries.Store(record), entries.Store(position)));
        deadLetters.Supersede(entries, definition.Name, target.Route.Schema.Subject, documentKey, envelope.Version);
    }

    private void Refuse(Target target, EnvelopeBatch batch, int index, string refusal)
        => Refuse(
            target, batch, batch[index], DeadLetterReason.NotMapped, batch.NoteOf(index) is { } note ? $"{refusal} {note.Reason}" : refusal,
            DeadLetterBook.ToJson(batch.RowOf(batch[index])));

    private void Refuse(Target target, EnvelopeBatch batch, in Envelope envelope, string reason, string detail, string record)
    {
        var position = Encoding.UTF8.GetString(batch.PositionOf(envelope));
        var documentKey = key.Written.IsEmpty ? null : Encoding.UTF8.GetString(key.Written);
        var subject = target.Route.Schema.Subject;
        deadLetters.Add(entries, new(
            $"{definition.Name}:{subject}:{documentKey ?? "@" + position}", definition.Name, subject, envelope.Shape.Relation, documentKey,
            envelope.Version, envelope.Operation, position, reason, detail, record,
            Microseconds.ToMoment(envelope.OccurredAt)));
    }

    private Target TargetOf(RelationShape shape)
    {
        var route = routes[shape.Relation];
        var targets = route.Targets;
        var at = targets.Count - 1;
        while (at >= 0 && targets[at].Shape != shape)
            at--;
        if (at < 0 || at < targets.Count - 1)
        {
            var target = at < 0 ? Compile(route, shape) : targets[at];
            if (at >= 0 || targets.Count == MostShapes)
                targets.RemoveAt(Math.Max(at, 0));
            targets.Add(target);
            hasShapeChanged = true;
        }

        (lastShape, lastTarget) = (shape, targets[^1]);
        return lastTarget;
    }

    private Target Compile(Route route, RelationShape shape)
    {
        var drift = new List<Finding>();
        return new(route, shape, RowMapper.Compile(route.Mapping, route.Schema, catalog.CodeLists, shape, drift), drift);
    }
}
