using System.Collections.Immutable;
using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>The columns that records of a table have now, ready for reading: names as bytes, types, and what the mapping needs.</summary>
internal sealed class RowPlan(RelationShape shape, ImmutableArray<ColumnType> types, DebeziumTable table)
{
    private readonly byte[][] names = [.. shape.Columns.Select(column => Encoding.UTF8.GetBytes(column.Name))];
    private readonly bool[] mapped = [.. shape.Columns.Select(column => table.IsMapped(column.Name))];

    public RelationShape Shape { get; } = shape;

    public DebeziumTable Table { get; } = table;

    public ColumnType TypeOf(int column) => types[column];

    /// <summary>Whether a value that has no text matters.</summary>
    public bool IsMapped(int column) => mapped[column];

    public bool Has(ImmutableArray<(string Name, ColumnType Type)> columns)
    {
        var same = Shape.Columns.Length == columns.Length;
        for (var i = 0; same && i < columns.Length; i++)
            same = Shape.Columns[i].Name == columns[i].Name && types[i] == columns[i].Type;
        return same;
    }

    /// <summary>The column's ordinal, or -1. Records give their columns in the same order, so that the guess is mostly right.</summary>
    public int IndexOf(ReadOnlySpan<byte> name, int guess)
    {
        if (guess < names.Length && name.SequenceEqual(names[guess]))
            return guess;
        for (var i = 0; i < names.Length; i++)
            if (name.SequenceEqual(names[i]))
                return i;
        return -1;
    }
}

/// <summary>One captured table: its topic, its mapping, and the columns that its records have now.</summary>
internal sealed class DebeziumTable
{
    /// <summary>How many sets of columns are remembered; more than a few alternate nowhere.</summary>
    public const int MostPlans = 8;

    private readonly List<RowPlan> plans = [];
    private readonly HashSet<string> mapped;
    private readonly HashSet<string> key;
    private readonly ImmutableDictionary<string, ColumnType> hints;

    public DebeziumTable(TableMapping mapping, string topic, ImmutableDictionary<string, ColumnType> hints)
    {
        (Mapping, Topic, this.hints) = (mapping, topic, hints);
        mapped = mapping.Columns.ToHashSet(StringComparer.Ordinal);
        key = mapping.Key.ToHashSet(StringComparer.Ordinal);
        // Until a record has told the columns, those of the mapping stand for them: a delete needs no others.
        Plan = Add([.. mapping.Columns.Select(column => (column, hints.GetValueOrDefault(column, ColumnType.Unknown)))]);
    }

    public TableMapping Mapping { get; }

    public string Topic { get; }

    /// <summary>The plan of the record read last.</summary>
    public RowPlan Plan { get; private set; }

    public IReadOnlyList<RowPlan> Plans => plans;

    public bool IsMapped(string column) => mapped.Contains(column);

    /// <summary>Whether the field is one that the flattening added and not a column.</summary>
    public bool IsAdded(string field) => field.StartsWith("__", StringComparison.Ordinal) && !mapped.Contains(field);

    /// <summary>Makes a plan that was adopted before the one of the record that is read.</summary>
    public void Use(RowPlan plan) => Plan = plan;

    /// <summary>
    /// The plan for these columns: the same one whenever they come again, as when two versions of a schema alternate while a connector is
    /// renewed.
    /// </summary>
    public RowPlan Adopt(IReadOnlyList<(string Name, ColumnType Type)> columns)
    {
        ImmutableArray<(string Name, ColumnType Type)> hinted = [.. columns.Select(column => (column.Name, hints.GetValueOrDefault(column.Name, column.Type)))];
        return Plan = plans.Find(plan => plan.Has(hinted)) ?? Add(hinted);
    }

    private RowPlan Add(ImmutableArray<(string Name, ColumnType Type)> columns)
    {
        if (plans.Count == MostPlans)
            plans.RemoveAt(0);
        plans.Add(new(
            new(Mapping.Table, [.. columns.Select(column => new ColumnShape(column.Name, column.Type.Name, key.Contains(column.Name)))]),
            [.. columns.Select(column => column.Type)], this));
        return plans[^1];
    }
}
