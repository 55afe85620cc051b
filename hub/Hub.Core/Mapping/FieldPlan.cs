using System.Text;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>How one field is written, with all look-ups by name done.</summary>
internal abstract class FieldPlan(FieldSchema field)
{
    public FieldSchema Field { get; } = field;

    /// <summary>The columns, as a refusal names them.</summary>
    public virtual string Origin => "the mapping";

    public abstract CastFault Write(in Row row, AvroWriter value);

    /// <summary>The value upstream that a refusal may show.</summary>
    public virtual ReadOnlySpan<byte> Shown(in Row row) => default;
}

/// <summary>A constant, or null for a field that nothing fills.</summary>
internal sealed class ConstantPlan(FieldSchema field, byte[] encoded) : FieldPlan(field)
{
    public override CastFault Write(in Row row, AvroWriter value)
    {
        value.WriteEncoded(encoded);
        return CastFault.None;
    }
}

/// <summary>A column, and whether its type pads values with blanks that do not belong to them.</summary>
internal readonly record struct ColumnPlace(int Ordinal, string Name, bool IsPadded)
{
    public static ColumnPlace Of(RelationShape shape, string name)
    {
        var ordinal = shape.IndexOf(name);
        return new(ordinal, name, ordinal >= 0 && shape.Columns[ordinal].TypeName is "character" or "bpchar");
    }

    public ReadOnlySpan<byte> TextOf(in Row row) => IsPadded ? row[Ordinal].TrimEnd((byte)' ') : row[Ordinal];
}

/// <summary>One column, cast to the field's type or translated by a table.</summary>
internal sealed class ColumnPlan(FieldSchema field, ColumnPlace column, ValueCast cast, FieldMapping mapping) : FieldPlan(field)
{
    private readonly byte[]? nullIf = mapping.NullIf is null ? null : Encoding.UTF8.GetBytes(mapping.NullIf);
    private readonly Dictionary<byte[], byte[]>? values = mapping.Values?.ToDictionary(
        pair => Encoding.UTF8.GetBytes(pair.Key), pair => cast.Encode(pair.Value)!, Utf8Comparer.Instance);

    public override string Origin => $"column '{column.Name}'";

    public override CastFault Write(in Row row, AvroWriter value)
    {
        var cell = row.CellAt(column.Ordinal);
        if (!cell.HasValue)
            return cell.IsAbsent ? CastFault.Absent : cast.WriteNull(value);

        var text = mapping.Trim ? Utf8Text.Trim(row[column.Ordinal]) : column.TextOf(row);
        if (nullIf is not null && text.SequenceEqual(nullIf))
            return cast.WriteNull(value);
        if (values is null)
            return cast.Write(text, value);
        if (!values.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(text, out var encoded))
            return CastFault.UnknownValue;
        value.WriteEncoded(encoded);
        return CastFault.None;
    }

    public override ReadOnlySpan<byte> Shown(in Row row) => row.CellAt(column.Ordinal).HasValue ? row[column.Ordinal] : default;
}

/// <summary>Columns joined as a document key, for ids and links.</summary>
internal sealed class ComposePlan(FieldSchema field, ColumnPlace[] columns, ValueCast cast, FieldMapping mapping) : FieldPlan(field)
{
    private readonly KeyWriter key = new();
    private readonly byte[]? nullIf = mapping.NullIf is null ? null : Encoding.UTF8.GetBytes(mapping.NullIf);

    public override string Origin
        => columns.Length == 1 ? $"column '{columns[0].Name}'" : $"columns {string.Join(", ", columns.Select(column => $"'{column.Name}'"))}";

    public override CastFault Write(in Row row, AvroWriter value)
    {
        key.Clear();
        foreach (var column in columns)
        {
            var cell = row.CellAt(column.Ordinal);
            if (cell.IsAbsent)
                return CastFault.Absent;
            if (cell.IsNull)
                return cast.WriteNull(value);

            var text = mapping.Trim ? Utf8Text.Trim(row[column.Ordinal]) : column.TextOf(row);
            // No document key has an empty part, so an empty one points at nothing.
            if (text.IsEmpty || (nullIf is not null && text.SequenceEqual(nullIf)))
                return cast.WriteNull(value);
            key.AppendPart(text);
        }

        return cast.Write(key.Written, value);
    }
}
