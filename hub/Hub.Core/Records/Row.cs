namespace Hub.Core.Records;

/// <summary>A value's place in its batch. Negative lengths tell that there is none.</summary>
public readonly record struct Cell(int Offset, int Length)
{
    /// <summary>SQL null.</summary>
    public static readonly Cell Null = new(0, -1);

    /// <summary>The source does not say, as for the columns outside the key of a deleted row.</summary>
    public static readonly Cell Absent = new(0, -2);

    public bool IsNull => Length == -1;

    public bool IsAbsent => Length == -2;

    public bool HasValue => Length >= 0;
}

/// <summary>The values of one envelope as UTF-8 text, in the order of <see cref="RelationShape.Columns"/>. A view: valid until the batch is cleared.</summary>
public readonly ref struct Row(RelationShape shape, ReadOnlySpan<Cell> cells, ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<Cell> cells = cells;
    private readonly ReadOnlySpan<byte> bytes = bytes;

    public RelationShape Shape { get; } = shape;

    public Cell CellAt(int column) => cells[column];

    /// <summary>The value's text; only for a cell that has one.</summary>
    public ReadOnlySpan<byte> this[int column] => bytes.Slice(cells[column].Offset, cells[column].Length);
}
