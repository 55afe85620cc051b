using System.Text;
using Hub.Core.Schemas.Types;

namespace Hub.Connectors.Debezium;

/// <summary>What a field of a record is to the reader.</summary>
internal enum FieldRole
{
    Skipped,
    Before,
    After,
    Source,
    Fact,
    Column,
}

/// <summary>One field of the value's record.</summary>
/// <param name="Column">The ordinal of a column.</param>
/// <param name="Facts">Of the source block: the fact of each of its fields.</param>
internal readonly record struct AvroStep(FieldRole Role, AvroNode Node, Fact Fact = Fact.None, int Column = -1, Fact[]? Facts = null);

/// <summary>How the values of one schema are read for one table, with all look-ups by name done.</summary>
internal sealed class AvroPlan
{
    public AvroPlan(AvroNode root, DebeziumTable table, bool isFlattened)
    {
        if (root.Record is not { } record)
            throw new InvalidDataException("its schema is not a record");
        var row = isFlattened ? record : Field(record, "after")?.Record ?? throw new InvalidDataException("its schema has no field 'after' with a row, so it is no change with its envelope");
        var names = row.Names.Select((name, i) => (Name: name, Node: row.Children[i])).Where(field => !table.IsAdded(field.Name)).ToList();
        Row = table.Adopt([.. names.Select(field => (field.Name, field.Node.Value))]);
        Steps = [.. record.Names.Select((name, i) => StepOf(name, record.Children[i], names.FindIndex(field => field.Name == name), isFlattened))];
    }

    /// <summary>The columns of the row.</summary>
    public RowPlan Row { get; }

    public AvroStep[] Steps { get; }

    public static Fact[] SourceFactsOf(AvroNode source) => [.. source.Names.Select(name => SourceFacts.OfSource(Encoding.UTF8.GetBytes(name)))];

    public static AvroNode? Field(AvroNode record, string name) => Array.IndexOf(record.Names, name) is >= 0 and var at ? record.Children[at] : null;

    private static AvroStep StepOf(string name, AvroNode node, int column, bool isFlattened)
    {
        if (isFlattened)
            return column >= 0 ? new(FieldRole.Column, node, Column: column) : new(FieldRole.Fact, node, SourceFacts.OfAdded(Encoding.UTF8.GetBytes(name)));
        return name switch
        {
            "before" => new(FieldRole.Before, node),
            "after" => new(FieldRole.After, node),
            "op" => new(FieldRole.Fact, node, Fact.Op),
            "source" when node.Record is { } source => new(FieldRole.Source, node, Facts: SourceFactsOf(source)),
            _ => new(FieldRole.Skipped, node),
        };
    }
}
