namespace Hub.Connectors.Debezium;

/// <summary>What the value of a record holds.</summary>
/// <param name="HasRow">Whether the row after the change was read into the sink.</param>
/// <param name="Before">Where the row before the change begins in the value; -1 when there is none.</param>
internal readonly record struct RecordParts(bool HasRow, int Before);

/// <summary>One of the forms in which a converter of Kafka Connect writes records. Not for concurrent use.</summary>
internal interface IRecordFormat
{
    /// <summary>Fetches the schema of a key or value, if that needs fetching.</summary>
    ValueTask PrepareAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken);

    /// <summary>Reads metadata into the facts and the row after the change into an envelope that it begins.</summary>
    /// <exception cref="InvalidDataException">The value is not of this form.</exception>
    RecordParts Read(ReadOnlySpan<byte> value, DebeziumTable table, SourceFacts facts, RowSink sink, ReadOnlySpan<byte> position);

    /// <summary>Reads the row before the change into an envelope that it begins, in the columns of <paramref name="plan"/>.</summary>
    void ReadBefore(ReadOnlySpan<byte> value, RecordParts parts, RowPlan plan, RowSink sink, ReadOnlySpan<byte> position);

    /// <summary>Reads the columns of a record's key into the envelope that the sink has begun.</summary>
    /// <exception cref="InvalidDataException">The key is not of this form.</exception>
    void ReadKey(ReadOnlySpan<byte> key, RowPlan plan, RowSink sink);

    /// <summary>Reads a heartbeat, a transaction's record or a change of a heartbeat table: metadata alone.</summary>
    /// <exception cref="InvalidDataException">The value is not of this form.</exception>
    void ReadFacts(ReadOnlySpan<byte> value, SourceFacts facts);
}
