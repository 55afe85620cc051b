namespace Hub.Core.Records;

/// <summary>One change with its metadata. The row and the position stand in the batch that holds the envelope.</summary>
/// <param name="Shape">What the row's columns are.</param>
/// <param name="Version">Grows for one key; decides between two writes of a document.</param>
/// <param name="OccurredAt">When the change was committed upstream, in microseconds since 1970 UTC; 0 when not known.</param>
public readonly record struct Envelope(
    RelationShape Shape, Operation Operation, long Version, long OccurredAt, int FirstCell, Cell Position);

/// <summary>What a source says about an envelope whose row does not have all values.</summary>
/// <param name="Record">The record as it came, as JSON text; <see cref="Cell.Null"/> when the row tells enough.</param>
public readonly record struct EnvelopeNote(string Reason, Cell Record)
{
    /// <summary>Whether the row must not be mapped, whatever it holds.</summary>
    public bool IsRefused => !Record.IsNull;
}

/// <summary>
/// Envelopes in one buffer: a source fills it, the ingest writer reads it, the source clears it and fills it again.
/// Nothing is allocated per envelope or value once the buffers have grown to the size of a batch.
/// </summary>
public sealed class EnvelopeBatch
{
    private readonly List<Envelope> envelopes = [];
    private readonly Dictionary<int, EnvelopeNote> notes = [];
    private byte[] bytes = new byte[64 * 1024];
    private Cell[] cells = new Cell[1024];
    private int usedBytes;
    private int usedCells;

    public int Count => envelopes.Count;

    /// <summary>What the batch holds in memory; sources end a batch by it.</summary>
    public long SizeInBytes => usedBytes + 8L * usedCells + 48L * envelopes.Count;

    public Envelope this[int index] => envelopes[index];

    public Row RowOf(in Envelope envelope)
        => new(envelope.Shape, cells.AsSpan(envelope.FirstCell, envelope.Shape.Columns.Length), bytes);

    public ReadOnlySpan<byte> PositionOf(in Envelope envelope) => bytes.AsSpan(envelope.Position.Offset, envelope.Position.Length);

    /// <summary>Starts an envelope; <c>shape.Columns.Length</c> calls of the Add methods must follow.</summary>
    public void Begin(RelationShape shape, Operation operation, long version, long occurredAt, ReadOnlySpan<byte> position)
        => envelopes.Add(new(shape, operation, version, occurredAt, usedCells, Store(position)));

    public void Add(ReadOnlySpan<byte> value) => Push(Store(value));

    public void AddNull() => Push(Cell.Null);

    public void AddAbsent() => Push(Cell.Absent);

    /// <summary>Replaces one value of an envelope, as when a value that the change left out was read again.</summary>
    public void Replace(int envelope, int column, ReadOnlySpan<byte> value)
        => cells[envelopes[envelope].FirstCell + column] = Store(value);

    public void ReplaceWithNull(int envelope, int column) => cells[envelopes[envelope].FirstCell + column] = Cell.Null;

    /// <summary>Takes one value from another envelope of the same shape.</summary>
    public void CopyCell(int from, int to, int column)
        => cells[envelopes[to].FirstCell + column] = cells[envelopes[from].FirstCell + column];

    public void ChangeOperation(int envelope, Operation operation)
        => envelopes[envelope] = envelopes[envelope] with { Operation = operation };

    /// <summary>Completes an envelope whose change could be told only after its row.</summary>
    public void Stamp(int envelope, Operation operation, long version, long occurredAt)
        => envelopes[envelope] = envelopes[envelope] with { Operation = operation, Version = version, OccurredAt = occurredAt };

    /// <summary>Says why a value of the row is absent; an operator reads it where the mapping needs the value.</summary>
    public void Explain(int envelope, string reason)
        => notes[envelope] = notes.TryGetValue(envelope, out var note) ? note with { Reason = $"{note.Reason} {reason}" } : new(reason, Cell.Null);

    /// <summary>
    /// The envelope stands for a record that the source could not read. It becomes a dead letter with these bytes, under the key
    /// that its row holds, if any.
    /// </summary>
    /// <param name="record">The record as it came, as JSON text.</param>
    public void Refuse(int envelope, string reason, ReadOnlySpan<byte> record) => notes[envelope] = new(reason, Store(record));

    /// <summary>Takes back an envelope.</summary>
    public void RemoveAt(int envelope)
    {
        envelopes.RemoveAt(envelope);
        if (notes.Count == 0)
            return;
        notes.Remove(envelope);
        foreach (var later in notes.Keys.Where(key => key > envelope).Order().ToArray())
            if (notes.Remove(later, out var note))
                notes[later - 1] = note;
    }

    /// <summary>Empties the batch; a buffer that one wide row blew up is given back.</summary>
    public void Clear()
    {
        const int KeepBytes = 16 * 1024 * 1024;
        envelopes.Clear();
        notes.Clear();
        usedBytes = usedCells = 0;
        if (bytes.Length > KeepBytes)
            bytes = new byte[64 * 1024];
    }

    /// <summary>What the source says about the envelope; null when nothing.</summary>
    public EnvelopeNote? NoteOf(int envelope) => notes.Count > 0 && notes.TryGetValue(envelope, out var note) ? note : null;

    internal ReadOnlySpan<byte> RecordOf(in EnvelopeNote note) => bytes.AsSpan(note.Record.Offset, note.Record.Length);

    private Cell Store(ReadOnlySpan<byte> value)
    {
        if (bytes.Length - usedBytes < value.Length)
            Array.Resize(ref bytes, checked((int)Math.Max(bytes.LongLength + value.Length, Math.Min(bytes.LongLength * 2, Array.MaxLength))));
        value.CopyTo(bytes.AsSpan(usedBytes));
        var cell = new Cell(usedBytes, value.Length);
        usedBytes += value.Length;
        return cell;
    }

    private void Push(Cell cell)
    {
        if (usedCells == cells.Length)
            Array.Resize(ref cells, cells.Length * 2);
        cells[usedCells++] = cell;
    }
}
