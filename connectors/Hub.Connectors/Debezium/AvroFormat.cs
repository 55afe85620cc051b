using Hub.Core.Schemas;
using Hub.Core.Schemas.Types;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Records as Confluent's and Apicurio's Avro converters write them: magic byte 0, schema id in four bytes, Avro. A plan is compiled
/// per schema and table; after that a value goes from its bytes into the batch without an object in between.
/// </summary>
/// <param name="schemas">Gives the schema with an id, as JSON.</param>
internal sealed class AvroFormat(Func<int, CancellationToken, ValueTask<string>> schemas, bool isFlattened) : IRecordFormat
{
    private readonly Dictionary<int, AvroNode> nodes = [];
    private readonly Dictionary<(int Id, DebeziumTable Table), AvroPlan> plans = [];

    public ValueTask PrepareAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        // What is not in the wire format is told when it is read.
        if (record.Length < WireFormat.HeaderSize || record.Span[0] != 0 || nodes.ContainsKey(WireFormat.ReadSchemaId(record.Span)))
            return ValueTask.CompletedTask;
        return LearnAsync(WireFormat.ReadSchemaId(record.Span), cancellationToken);
    }

    public RecordParts Read(ReadOnlySpan<byte> value, DebeziumTable table, SourceFacts facts, RowSink sink, ReadOnlySpan<byte> position)
    {
        var plan = PlanOf(value, table);
        var cursor = new AvroCursor(value, WireFormat.HeaderSize);
        var (hasRow, before) = (isFlattened, -1);
        var row = plan.Row;
        table.Use(row);
        if (isFlattened)
            sink.Begin(row, position);
        foreach (var step in plan.Steps)
        {
            switch (step.Role)
            {
                case FieldRole.Column:
                    ReadColumn(ref cursor, step.Node, step.Column, row, sink);
                    break;
                case FieldRole.Before:
                    before = cursor.At;
                    before = IsNull(ref cursor, step.Node, out var old) ? -1 : before;
                    if (before >= 0)
                        cursor.Skip(old);
                    break;
                case FieldRole.After:
                    hasRow = !IsNull(ref cursor, step.Node, out var present);
                    if (hasRow)
                    {
                        sink.Begin(row, position);
                        ReadRow(ref cursor, present, row, sink);
                    }

                    break;
                case FieldRole.Source:
                    ReadSource(ref cursor, step, facts);
                    break;
                case FieldRole.Fact:
                    ReadFact(ref cursor, step.Node, step.Fact, facts);
                    break;
                default:
                    cursor.Skip(step.Node);
                    break;
            }
        }

        return cursor.IsAtEnd ? new(hasRow, before) : throw new InvalidDataException("it goes on after its schema ends");
    }

    public void ReadBefore(ReadOnlySpan<byte> value, RecordParts parts, RowPlan plan, RowSink sink, ReadOnlySpan<byte> position)
    {
        var cursor = new AvroCursor(value, parts.Before);
        var step = Array.Find(PlanOf(value, plan.Table).Steps, step => step.Role == FieldRole.Before);
        sink.Begin(plan, position);
        if (!IsNull(ref cursor, step.Node, out var row))
            ReadRow(ref cursor, row, plan, sink);
    }

    public void ReadKey(ReadOnlySpan<byte> key, RowPlan plan, RowSink sink)
    {
        if (NodeOf(key, "key").Record is not { } record)
            throw new InvalidDataException("the schema of its key is not a record");
        var cursor = new AvroCursor(key, WireFormat.HeaderSize);
        ReadRow(ref cursor, record, plan, sink);
    }

    public void ReadFacts(ReadOnlySpan<byte> value, SourceFacts facts)
    {
        if (NodeOf(value, "value").Record is not { } record)
            throw new InvalidDataException("its schema is not a record");
        var cursor = new AvroCursor(value, WireFormat.HeaderSize);
        var hasSource = AvroPlan.Field(record, "source")?.Record is not null;
        for (var i = 0; i < record.Children.Length; i++)
        {
            var node = record.Children[i];
            if (record.Names[i] == "source" && node.Record is { } source)
                ReadSource(ref cursor, new(FieldRole.Source, node, Facts: AvroPlan.SourceFactsOf(source)), facts);
            else
                ReadFact(ref cursor, node, record.Names[i] switch { "ts_ms" when !hasSource => Fact.Millis, "status" => Fact.Status, _ => Fact.None }, facts);
        }
    }

    private async ValueTask LearnAsync(int id, CancellationToken cancellationToken)
        => nodes[id] = AvroNode.Compile(AvroSchemaText.Parse(await schemas(id, cancellationToken)));

    private AvroNode NodeOf(ReadOnlySpan<byte> record, string what)
    {
        if (record.Length < WireFormat.HeaderSize || record[0] != 0)
            throw new InvalidDataException($"its {what} does not begin with magic byte 0 and a schema id, so it is not Avro of a registry");
        return nodes.TryGetValue(WireFormat.ReadSchemaId(record), out var node) ? node : throw new InvalidDataException($"the schema of its {what} is not known");
    }

    private AvroPlan PlanOf(ReadOnlySpan<byte> value, DebeziumTable table)
    {
        var node = NodeOf(value, "value");
        var id = WireFormat.ReadSchemaId(value);
        if (!plans.TryGetValue((id, table), out var plan))
            plans.Add((id, table), plan = new(node, table, isFlattened));
        return plan;
    }

    private static bool IsNull(ref AvroCursor cursor, AvroNode node, out AvroNode value)
    {
        value = node.Kind == AvroKind.Union ? node.Branch(cursor.ReadLong()) : node;
        return value.Kind == AvroKind.Null;
    }

    private static void ReadRow(ref AvroCursor cursor, AvroNode record, RowPlan plan, RowSink sink)
    {
        for (var i = 0; i < record.Children.Length; i++)
            if (plan.IndexOf(record.Utf8Names[i], i) is >= 0 and var column)
                ReadColumn(ref cursor, record.Children[i], column, plan, sink);
            else
                cursor.Skip(record.Children[i]);
    }

    private static void ReadColumn(ref AvroCursor cursor, AvroNode node, int column, RowPlan plan, RowSink sink)
    {
        if (IsNull(ref cursor, node, out var value))
        {
            sink.Null(column);
            return;
        }

        switch (value.Kind)
        {
            case AvroKind.Boolean:
                sink.Boolean(column, cursor.ReadBoolean());
                break;
            case AvroKind.Int or AvroKind.Long:
                sink.Whole(column, plan.TypeOf(column), cursor.ReadLong());
                break;
            case AvroKind.Float:
                sink.Floating(column, cursor.ReadFloat());
                break;
            case AvroKind.Double:
                sink.Floating(column, cursor.ReadDouble());
                break;
            case AvroKind.String:
                sink.Text(column, plan.TypeOf(column), cursor.ReadBytes());
                break;
            case AvroKind.Enum:
                sink.Text(column, plan.TypeOf(column), value.Symbol(cursor.ReadLong()));
                break;
            case AvroKind.Bytes:
                sink.Bytes(column, plan.TypeOf(column), cursor.ReadBytes());
                break;
            case AvroKind.Fixed:
                sink.Bytes(column, plan.TypeOf(column), cursor.Take(value.Size));
                break;
            default:
                ReadStructure(ref cursor, value, column, sink);
                break;
        }
    }

    private static void ReadStructure(ref AvroCursor cursor, AvroNode node, int column, RowSink sink)
    {
        if (node.Column.Form != ColumnForm.VariableDecimal || node.Names is not ["scale", "value"] || node.Children[0].Kind != AvroKind.Int || node.Children[1].Kind != AvroKind.Bytes)
        {
            cursor.Skip(node);
            sink.NoText(column, "is a list or a structure");
            return;
        }

        var scale = (int)cursor.ReadLong();
        sink.Decimal(column, cursor.ReadBytes(), scale);
    }

    private static void ReadSource(ref AvroCursor cursor, in AvroStep step, SourceFacts facts)
    {
        if (IsNull(ref cursor, step.Node, out var source))
            return;
        for (var i = 0; i < source.Children.Length; i++)
            ReadFact(ref cursor, source.Children[i], step.Facts![i], facts);
    }

    private static void ReadFact(ref AvroCursor cursor, AvroNode node, Fact fact, SourceFacts facts)
    {
        if (fact == Fact.None)
            cursor.Skip(node);
        else if (!IsNull(ref cursor, node, out var value))
            switch (value.Kind)
            {
                case AvroKind.String:
                    facts.Take(fact, cursor.ReadBytes());
                    break;
                case AvroKind.Int or AvroKind.Long:
                    facts.Take(fact, cursor.ReadLong());
                    break;
                case AvroKind.Boolean:
                    facts.Take(fact, cursor.ReadBoolean() ? "true"u8 : "false"u8);
                    break;
                default:
                    cursor.Skip(value);
                    break;
            }
    }
}
