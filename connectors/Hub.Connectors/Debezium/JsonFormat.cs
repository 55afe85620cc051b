using System.Text;
using System.Text.Json;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Records as Kafka Connect's JSON converter writes them, with the schema embedded (<c>{ "schema": …, "payload": … }</c>) or
/// without. Read from the bytes; a schema is parsed once, as long as it stays the same.
/// </summary>
internal sealed class JsonFormat(bool hasSchemas, bool isFlattened) : IRecordFormat
{
    private readonly JsonValues values = new();
    private readonly Dictionary<DebeziumTable, List<SchemaText>> schemas = [];

    /// <summary>All of a record that stands before the row's data, and the plan that it stands for.</summary>
    private sealed record SchemaText(byte[] Text, RowPlan Plan);

    public ValueTask PrepareAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public RecordParts Read(ReadOnlySpan<byte> value, DebeziumTable table, SourceFacts facts, RowSink sink, ReadOnlySpan<byte> position)
    {
        try
        {
            var start = hasSchemas ? Open(value, table) : 0;
            var reader = ObjectAt(value, start);
            return isFlattened ? ReadFlat(ref reader, table, facts, sink, position) : ReadEnvelope(ref reader, start, table, facts, sink, position);
        }
        catch (Exception failure) when (IsFault(failure))
        {
            throw Fault(failure);
        }
    }

    public void ReadBefore(ReadOnlySpan<byte> value, RecordParts parts, RowPlan plan, RowSink sink, ReadOnlySpan<byte> position)
    {
        sink.Begin(plan, position);
        try
        {
            var reader = ObjectAt(value, parts.Before);
            values.ReadRow(ref reader, plan, sink);
        }
        catch (Exception failure) when (IsFault(failure))
        {
            throw Fault(failure);
        }
    }

    public void ReadKey(ReadOnlySpan<byte> key, RowPlan plan, RowSink sink)
    {
        try
        {
            // The converter of keys may embed schemas where that of values does not, and the other way round.
            var payload = plan.IndexOf("payload"u8, 0) < 0 ? Find(key, "payload"u8) : -1;
            var reader = ObjectAt(key, Math.Max(payload, 0));
            values.ReadRow(ref reader, plan, sink);
        }
        catch (Exception failure) when (IsFault(failure))
        {
            throw Fault(failure);
        }
    }

    public void ReadFacts(ReadOnlySpan<byte> value, SourceFacts facts)
    {
        try
        {
            var reader = ObjectAt(value, hasSchemas ? Require(value, "payload"u8) : 0);
            while (JsonValues.Next(ref reader))
            {
                var name = values.NameOf(ref reader);
                var (isSource, fact) = (name.SequenceEqual("source"u8), name.SequenceEqual("ts_ms"u8) ? Fact.Millis : name.SequenceEqual("status"u8) ? Fact.Status : Fact.None);
                reader.Read();
                if (isSource && reader.TokenType == JsonTokenType.StartObject)
                    ReadSource(ref reader, facts);
                else if (fact != Fact.Millis || facts.OccurredAt == 0)
                    ReadFact(ref reader, fact, facts);
                else
                    reader.Skip();
            }
        }
        catch (Exception failure) when (IsFault(failure))
        {
            throw Fault(failure);
        }
    }

    /// <summary>Reads the embedded schema, unless it is known to the byte, and returns where the rest begins.</summary>
    private int Open(ReadOnlySpan<byte> value, DebeziumTable table)
    {
        if (!schemas.TryGetValue(table, out var all))
            schemas.Add(table, all = []);
        foreach (var known in all)
            if (value.StartsWith(known.Text))
            {
                table.Use(known.Plan);
                return known.Text.Length;
            }

        var start = Require(value, "payload"u8);
        if (all.Count == DebeziumTable.MostPlans)
            all.RemoveAt(0);
        all.Add(new(value[..start].ToArray(), table.Adopt(JsonColumns.Read(value[Require(value, "schema"u8)..], table, isFlattened))));
        return start;
    }

    private RecordParts ReadEnvelope(ref Utf8JsonReader reader, int start, DebeziumTable table, SourceFacts facts, RowSink sink, ReadOnlySpan<byte> position)
    {
        var (hasRow, hasOp, before) = (false, false, -1);
        while (JsonValues.Next(ref reader))
        {
            var name = values.NameOf(ref reader);
            var (isBefore, isAfter, isSource, isOp) = (name.SequenceEqual("before"u8), name.SequenceEqual("after"u8), name.SequenceEqual("source"u8), name.SequenceEqual("op"u8));
            hasOp |= isOp;
            reader.Read();
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            if (isAfter && isObject)
            {
                ReadAfter(ref reader, table, sink, position);
                hasRow = true;
            }
            else if (isSource && isObject)
                ReadSource(ref reader, facts);
            else if (isOp)
                ReadFact(ref reader, Fact.Op, facts);
            else
            {
                before = isBefore && isObject ? start + (int)reader.TokenStartIndex : before;
                reader.Skip();
            }
        }

        return hasOp ? new(hasRow, before) : throw new InvalidDataException("it has no 'op', so it is no change with its envelope");
    }

    /// <summary>Without a schema the columns are taken to be those of the record before, and only when they are not is the row looked at first.</summary>
    private void ReadAfter(ref Utf8JsonReader reader, DebeziumTable table, RowSink sink, ReadOnlySpan<byte> position)
    {
        var start = reader;
        sink.Begin(table.Plan, position);
        if (values.ReadRow(ref reader, table.Plan, sink, isExact: !hasSchemas) || hasSchemas)
            return;
        sink.TakeBack();
        reader = start;
        sink.Begin(PlanOf(reader, table), position);
        values.ReadRow(ref reader, table.Plan, sink);
    }

    private RecordParts ReadFlat(ref Utf8JsonReader reader, DebeziumTable table, SourceFacts facts, RowSink sink, ReadOnlySpan<byte> position)
    {
        var plan = PlanOf(reader, table);
        sink.Begin(plan, position);
        for (var guess = 0; JsonValues.Next(ref reader); guess++)
        {
            var name = values.NameOf(ref reader);
            var column = plan.IndexOf(name, guess);
            var fact = column < 0 ? SourceFacts.OfAdded(name) : Fact.None;
            reader.Read();
            if (column >= 0)
                values.ReadColumn(ref reader, column, plan.TypeOf(column), sink);
            else
                ReadFact(ref reader, fact, facts);
        }

        return new(HasRow: true, Before: -1);
    }

    /// <summary>The columns: of the schema, or without one those that the row has.</summary>
    private RowPlan PlanOf(Utf8JsonReader reader, DebeziumTable table)
    {
        if (hasSchemas || IsOf(reader, table.Plan))
            return table.Plan;
        for (var i = 0; i < table.Plans.Count; i++)
            if (IsOf(reader, table.Plans[i]))
            {
                table.Use(table.Plans[i]);
                return table.Plan;
            }

        var columns = new List<(string, ColumnType)>();
        while (JsonValues.Next(ref reader))
        {
            if (reader.GetString() is { } name && !table.IsAdded(name))
                columns.Add((name, ColumnType.Unknown));
            reader.Skip();
        }

        return table.Adopt(columns);
    }

    private bool IsOf(Utf8JsonReader reader, RowPlan plan)
    {
        var count = 0;
        while (JsonValues.Next(ref reader))
        {
            var name = values.NameOf(ref reader);
            if (plan.IndexOf(name, count) == count)
                count++;
            else if (!name.StartsWith("__"u8) || plan.IndexOf(name, 0) >= 0)
                return false;
            reader.Skip();
        }

        return count == plan.Shape.Columns.Length;
    }

    private void ReadSource(ref Utf8JsonReader reader, SourceFacts facts)
    {
        while (JsonValues.Next(ref reader))
        {
            var fact = SourceFacts.OfSource(values.NameOf(ref reader));
            reader.Read();
            ReadFact(ref reader, fact, facts);
        }
    }

    private void ReadFact(ref Utf8JsonReader reader, Fact fact, SourceFacts facts)
    {
        if (fact == Fact.None || reader.TokenType == JsonTokenType.Null)
            reader.Skip();
        else if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            facts.Take(fact, reader.TokenType == JsonTokenType.True ? "true"u8 : "false"u8);
        else if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            facts.Take(fact, values.TextOf(ref reader));
        else
            reader.Skip();
    }

    /// <summary>A reader that has read the beginning of the object at this place.</summary>
    private static Utf8JsonReader ObjectAt(ReadOnlySpan<byte> json, int start)
    {
        var reader = new Utf8JsonReader(json[start..]);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? reader : throw new InvalidDataException("it is no JSON object");
    }

    private static int Require(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
        => Find(json, name) is >= 0 and var at ? at : throw new InvalidDataException($"it has no '{Encoding.UTF8.GetString(name)}', so its converter embeds no schemas");

    /// <summary>Where the value of a property begins; -1 when there is none.</summary>
    private static int Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (JsonValues.Next(ref reader))
        {
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
                return (int)reader.TokenStartIndex;
            reader.Skip();
        }

        return -1;
    }

    private static bool IsFault(Exception failure) => failure is JsonException or FormatException or InvalidOperationException;

    private static InvalidDataException Fault(Exception failure) => new($"it is not JSON: {failure.Message}", failure);
}
