using System.Collections.Immutable;

namespace Hub.Core.Records;

/// <summary>A column of a relation. <paramref name="TypeName"/> is the source's own name of the type.</summary>
public readonly record struct ColumnShape(string Name, string TypeName, bool InKey);

/// <summary>
/// The columns that the rows of one relation have now. A source hands out the same instance until the columns change;
/// a change upstream is a new instance, which is how the mapping notices drift.
/// </summary>
public sealed class RelationShape(string relation, ImmutableArray<ColumnShape> columns)
{
    /// <summary>The relation's qualified name, such as <c>public.pay_detail</c>.</summary>
    public string Relation { get; } = relation;

    public ImmutableArray<ColumnShape> Columns { get; } = columns;

    /// <summary>The column's ordinal, or -1.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Length; i++)
            if (string.Equals(Columns[i].Name, column, StringComparison.Ordinal))
                return i;
        return -1;
    }
}
