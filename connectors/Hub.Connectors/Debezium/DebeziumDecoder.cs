using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Turns the records of a connector's topics into envelopes. Records of one partition come in its order; what they tell of versions
/// is kept in the partition's place.
/// </summary>
internal sealed class DebeziumDecoder(DebeziumSourceOptions options, IRecordFormat format, EnvelopeBatch batch)
{
    private readonly RowSink sink = new(batch, new(options.UnavailableValue));
    private readonly SourceFacts facts = new();
    private readonly HeaderFacts headers = new();

    public async ValueTask DecodeAsync(ConsumeResult<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, CancellationToken cancellationToken)
    {
        await format.PrepareAsync(record.Message.Value, cancellationToken);
        await format.PrepareAsync(record.Message.Key, cancellationToken);
        Decode(record.Message, table, partition, partition.EntryAt(record.Offset));
    }

    /// <summary>The moment that a heartbeat or a transaction's end tells, in microseconds since 1970 UTC; 0 when it tells none.</summary>
    public async ValueTask<long> ReadSignalAsync(ConsumeResult<byte[], byte[]> record, CancellationToken cancellationToken)
    {
        facts.Clear();
        await format.PrepareAsync(record.Message.Value, cancellationToken);
        try
        {
            format.ReadFacts(record.Message.Value, facts);
        }
        catch (InvalidDataException)
        {
            // It proves nothing, and it is no record of a table.
            return 0;
        }

        return facts.IsBegin ? 0 : facts.OccurredAt;
    }

    private void Decode(Message<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, ReadOnlySpan<byte> entry)
    {
        var first = batch.Count;
        try
        {
            facts.Clear();
            if (options.IsFlattened && record.Headers is { } added)
                headers.Read(added, facts);
            if (record.Value is { Length: > 0 })
                Apply(record, table, partition, format.Read(record.Value, table, facts, sink, entry), entry);
            else
                ApplyTombstone(record, table, partition, entry);
        }
        catch (InvalidDataException failure)
        {
            while (batch.Count > first)
                batch.RemoveAt(batch.Count - 1);
            Refuse(record, table, partition, entry, failure.Message);
        }
    }

    private void Apply(Message<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, RecordParts parts, ReadOnlySpan<byte> entry)
    {
        partition.Remember(null);
        var isDelete = facts.Op == (byte)'d' || (options.IsFlattened && facts.IsDeleted);
        if (options.IsFlattened && (!CanStamp(partition) || (facts.Op == 0 && !isDelete)))
            throw table.Plan.Shape.IndexOf("op") >= 0 && table.Plan.Shape.IndexOf("after") >= 0
                ? DebeziumFailures.HasEnvelope(options, Encoding.UTF8.GetString(entry))
                : DebeziumFailures.VersionMissing(options, Encoding.UTF8.GetString(entry));
        switch (facts.Op)
        {
            case (byte)'m':
                if (parts.HasRow)
                    batch.RemoveAt(sink.Envelope);
                break;
            case (byte)'t':
                if (!parts.HasRow)
                    sink.Begin(table.Plan, entry);
                Stamp(partition, Operation.Truncate, entry);
                break;
            case var _ when isDelete:
                ApplyDelete(record, table, partition, parts, entry);
                break;
            case (byte)'r' or (byte)'c' or (byte)'u' when parts.HasRow:
                Stamp(partition, facts.Op switch { (byte)'r' => Operation.Snapshot, (byte)'c' => Operation.Create, _ => Operation.Update }, entry);
                FillUnavailable(record.Value, table, parts, entry);
                break;
            default:
                throw new InvalidDataException(parts.HasRow ? $"its operation '{(char)facts.Op}' is none that Hub knows" : "it has no row after the change");
        }
    }

    private void ApplyDelete(Message<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, RecordParts parts, ReadOnlySpan<byte> entry)
    {
        if (!parts.HasRow)
            sink.Begin(table.Plan, entry);
        var (envelope, plan) = (sink.Envelope, table.Plan);
        if (record.Key is { Length: > 0 })
            ReadKeyOf(record, plan, parts);
        // With the default replica identity the old row holds the key alone, and other columns as null or as their defaults.
        if (parts.Before >= 0 && !HasKey(table, plan, envelope))
        {
            format.ReadBefore(record.Value, parts, plan, sink, entry);
            foreach (var column in table.Mapping.Key)
                if (plan.Shape.IndexOf(column) is >= 0 and var at && batch.RowOf(batch[envelope]).CellAt(at).IsAbsent)
                    batch.CopyCell(sink.Envelope, envelope, at);
            batch.RemoveAt(sink.Envelope);
            sink.Resume(plan, envelope);
        }

        Stamp(partition, Operation.Delete, entry);
        partition.Remember(record.Key);
    }

    /// <summary>The key may be written by another converter than the value; the old row then tells it.</summary>
    private void ReadKeyOf(Message<byte[], byte[]> record, RowPlan plan, RecordParts parts)
    {
        try
        {
            format.ReadKey(record.Key, plan, sink);
        }
        catch (InvalidDataException) when (parts.HasRow || parts.Before >= 0)
        {
        }
    }

    /// <summary>
    /// A tombstone behind its delete says nothing new. One alone is the delete: of a flattened record, or where compaction has
    /// removed the other. Whatever was committed before it, in the partition, is not newer than the highest version there.
    /// </summary>
    private void ApplyTombstone(Message<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, ReadOnlySpan<byte> entry)
    {
        if (record.Key is not { Length: > 0 } key)
            throw new InvalidDataException("it has neither a key nor a value");
        if (partition.HasDeleted(key))
            return;
        partition.Remember(key);
        sink.Begin(table.Plan, entry);
        format.ReadKey(key, table.Plan, sink);
        if (facts.HasVersion)
            Stamp(partition, Operation.Delete, entry);
        else
            batch.Stamp(sink.Envelope, Operation.Delete, partition.Overtake(), facts.OccurredAt);
    }

    /// <summary>Rows of an incremental snapshot may have an empty source block; where others before them had one, nothing is missing.</summary>
    private bool CanStamp(PartitionReader partition)
        => facts.HasVersion || (facts.Op == (byte)'r' && (facts.BinlogPos >= 0 || partition.Place.Highest > 0));

    private void Stamp(PartitionReader partition, Operation operation, ReadOnlySpan<byte> entry)
    {
        // Rows of an incremental snapshot may have an empty source block; they are as new as what stands before them.
        if (!facts.HasVersion && operation != Operation.Snapshot)
            throw new InvalidDataException("its source block has neither lsn, nor file and pos, nor scn");
        var version = facts.HasVersion ? facts.Version() : 0;
        if (facts.IsBinlog && operation != Operation.Snapshot && partition.WentBack(version, facts.OccurredAt))
            throw DebeziumFailures.VersionWentBack(options, Encoding.UTF8.GetString(entry));
        batch.Stamp(sink.Envelope, operation, partition.Settle(version, operation, facts.OccurredAt), facts.OccurredAt);
    }

    private void FillUnavailable(ReadOnlySpan<byte> value, DebeziumTable table, RecordParts parts, ReadOnlySpan<byte> entry)
    {
        if (sink.Unavailable.Count == 0)
            return;
        var (envelope, plan, columns) = (sink.Envelope, table.Plan, sink.Unavailable.ToArray());
        if (parts.Before >= 0)
        {
            format.ReadBefore(value, parts, plan, sink, entry);
            // A value too large to be sent is not null: a null in the old row only says that the row is not whole.
            foreach (var column in columns)
                if (batch.RowOf(batch[sink.Envelope]).CellAt(column).HasValue)
                    batch.CopyCell(sink.Envelope, envelope, column);
            batch.RemoveAt(sink.Envelope);
            sink.Resume(plan, envelope);
        }

        foreach (var column in columns)
            if (plan.IsMapped(column) && batch.RowOf(batch[envelope]).CellAt(column).IsAbsent)
                batch.Explain(envelope, $"The connector left column '{plan.Shape.Columns[column].Name}' out because the change did not touch it. {DebeziumFailures.WholeRow(options, table.Mapping.Table, facts.Scn >= 0)}");
    }

    private bool HasKey(DebeziumTable table, RowPlan plan, int envelope)
    {
        foreach (var column in table.Mapping.Key)
            if (plan.Shape.IndexOf(column) is >= 0 and var at && !batch.RowOf(batch[envelope]).CellAt(at).HasValue)
                return false;
        return true;
    }

    private void Refuse(Message<byte[], byte[]> record, DebeziumTable table, PartitionReader partition, ReadOnlySpan<byte> entry, string reason)
    {
        sink.Begin(table.Plan, entry);
        var envelope = sink.Envelope;
        try
        {
            if (record.Key is { Length: > 0 })
                format.ReadKey(record.Key, table.Plan, sink);
        }
        catch (InvalidDataException)
        {
            // The dead letter is then known by its place alone.
        }

        batch.Stamp(envelope, Operation.Update, partition.Overtake(), 0);
        batch.Refuse(
            envelope, $"The record at {Encoding.UTF8.GetString(entry)} cannot be read: {reason}. If others cannot either, compare 'format' and 'envelope' with the connector's converters and transforms.",
            ToJson(record));
    }

    private static byte[] ToJson(Message<byte[], byte[]> record)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteBase64String("key", record.Key);
            json.WriteBase64String("value", record.Value);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
