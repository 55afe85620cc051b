using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>What became of a row.</summary>
public enum MapOutcome
{
    /// <summary>The record and its key are written.</summary>
    Upsert,

    /// <summary>The row is marked as deleted; only its key is written.</summary>
    Delete,

    /// <summary>The row does not fit; a sentence says why. Its key is written if it could be read.</summary>
    Refused,
}

/// <summary>
/// Turns rows of one shape into records of one subject. Compiled once per shape, allocates nothing for a row that fits.
/// Holds scratch space: one mapper is used by one thread at a time.
/// </summary>
public sealed class RowMapper
{
    private readonly ColumnPlace[] key;
    private readonly ColumnPlace? flag;
    private readonly Dictionary<byte[], bool>? flagValues;
    private readonly FieldPlan[] plans;
    private readonly CodeCheck? codes;

    internal RowMapper(TableMapping mapping, SubjectSchema schema, ColumnPlace[] key, ColumnPlace? flag, FieldPlan[] plans, CodeCheck? codes)
    {
        (Mapping, Schema, this.key, this.flag, this.plans, this.codes) = (mapping, schema, key, flag, plans, codes);
        flagValues = mapping.Deleted?.Values.ToDictionary(
            pair => System.Text.Encoding.UTF8.GetBytes(pair.Key), pair => pair.Value, Utf8Comparer.Instance);
    }

    public TableMapping Mapping { get; }

    public SubjectSchema Schema { get; }

    /// <summary>Resolves all names. What is new or gone upstream but does no harm is added to <paramref name="drift"/>.</summary>
    /// <exception cref="HubException">A column that the key, the deletion flag or a required field needs is gone.</exception>
    public static RowMapper Compile(TableMapping mapping, SubjectSchema schema, CodeLists lists, RelationShape shape, List<Finding> drift)
        => new RowMapperCompiler(mapping, schema, lists, shape, drift).Compile();

    /// <summary>Writes the record in the wire format and its document key. All cells must be there.</summary>
    public MapOutcome Map(in Row row, AvroWriter value, KeyWriter key, out string? refusal)
    {
        value.Clear();
        if (!MapKey(row, key, out refusal))
            return MapOutcome.Refused;
        if (flag is not null && ReadFlag(row, flag.Value, out refusal) is not MapOutcome.Upsert and var outcome)
            return outcome;

        value.BeginRecord(Schema.Id);
        foreach (var plan in plans)
            if (plan.Write(row, value) is not CastFault.None and var fault)
                return Refuse(plan, fault, row, out refusal);
        return codes?.FirstUnknown(value.Written) is { } field
            ? Refuse(plans[field.Ordinal], CastFault.UnknownCode, row, out refusal)
            : MapOutcome.Upsert;
    }

    /// <summary>Writes the document key; no other cells are looked at, as for a deleted row.</summary>
    public bool MapKey(in Row row, KeyWriter key, out string? refusal)
    {
        key.Clear();
        refusal = null;
        foreach (var column in this.key)
        {
            var cell = row.CellAt(column.Ordinal);
            var text = cell.HasValue ? column.TextOf(row) : default;
            if (text.IsEmpty)
            {
                key.Clear();
                refusal = $"The key column '{column.Name}' {(cell.IsNull ? "is null" : cell.IsAbsent ? "was left out by the source" : "is empty")}; every part of a key must have a value.";
                return false;
            }

            key.AppendPart(text);
        }

        return true;
    }

    private MapOutcome ReadFlag(in Row row, ColumnPlace column, out string? refusal)
    {
        refusal = null;
        var cell = row.CellAt(column.Ordinal);
        var text = cell.HasValue ? column.TextOf(row) : default;
        if (cell.HasValue && flagValues!.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(text, out var isDeleted))
            return isDeleted ? MapOutcome.Delete : MapOutcome.Upsert;

        var shown = cell.IsNull ? "is null" : cell.IsAbsent ? "was left out by the source" : $"holds {Refusal.Show(text, IsPersonal(column.Name))}";
        refusal = $"Column '{column.Name}' tells whether the row is deleted but {shown}. Expected is one of {string.Join(", ", Mapping.Deleted!.Values.Keys.Order(StringComparer.Ordinal).Select(known => $"'{known}'"))}.";
        return MapOutcome.Refused;
    }

    private MapOutcome Refuse(FieldPlan plan, CastFault fault, in Row row, out string? refusal)
    {
        var mapping = Mapping.Fields.FirstOrDefault(field => field.Field == plan.Field.Name);
        refusal = Refusal.Of(plan, fault, row, mapping, plan.Field.IsPersonal || mapping?.Columns.Any(IsPersonal) == true);
        return MapOutcome.Refused;
    }

    private bool IsPersonal(string column)
        => Mapping.Fields.Any(entry => entry.Columns.Contains(column) && Schema.Find(entry.Field) is { IsPersonal: true });
}
