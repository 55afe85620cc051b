using System.Text;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Resolution;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// Writes records of one subject as the two lines that a bulk request has for a document, straight from Avro. A generation that was made for an
/// earlier schema is given the fields that mean the same to it. For one thread.
/// </summary>
internal sealed class DocumentEncoder
{
    private static readonly byte[] Version = Next(EngineFields.Version);
    private static readonly byte[] Value = Next(EngineFields.Value);
    private static readonly byte[] Present = Next(EngineFields.Present);
    private static readonly byte[] DeletedAt = Next(EngineFields.DeletedAt);
    private static readonly byte[] Code = [(byte)'{', .. First(EngineFields.Code)];
    private static readonly byte[] Name = Next(EngineFields.Name);

    private readonly byte[] action;
    private readonly byte[] document = [(byte)'{', .. First(EngineFields.Id)];
    private readonly byte[] source;
    private readonly Slot[] slots;
    private readonly int scopeFields;
    private readonly CodeNames<byte[]> names;
    private readonly List<byte[]> present = [];

    /// <param name="indexName">What the generation is written by.</param>
    /// <param name="names">Of codes, as <see cref="LineBuffer.Quoted"/>.</param>
    /// <param name="has">Whether the generation has a field in the same role.</param>
    public DocumentEncoder(SubjectSchema schema, string indexName, IndexMapping mapping, CodeNames<byte[]> names, Func<string, bool> has)
    {
        this.names = names;
        action = [.. """{"index":{"_index":"""u8, .. LineBuffer.Quoted(indexName), .. Next("_id")];
        source = [.. Next(EngineFields.Subject), .. LineBuffer.Quoted(schema.Subject), .. Next(EngineFields.Source)];
        slots = [.. schema.Fields.Select(field => new Slot(
            field, mapping.IsQueryable(schema.Subject, field.Name) && has(field.Name) ? field.Search : SearchRole.None, schema.Region == field && field.Type == FieldType.String, schema.Year == field))];
        scopeFields = slots.Any(slot => slot.HasCode) ? slots.Count(slot => slot.IsRegion || slot.IsYear) : 0;
    }

    /// <summary>What one field of the schema is to the engine, with what is written before its value.</summary>
    private sealed record Slot(FieldSchema Field, SearchRole Role, bool IsRegion, bool IsYear)
    {
        public byte[] Next { get; } = DocumentEncoder.Next(Field.Name);

        public byte[] Quoted { get; } = LineBuffer.Quoted(Field.Name);

        public bool HasCode { get; } = Role is SearchRole.Keyword or SearchRole.Text && Field.CodeList is not null;
    }

    /// <summary>A live document, with its value as it came.</summary>
    /// <exception cref="InvalidDataException">The value is not a record of the schema, or does not fit the index.</exception>
    public void WriteLive(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry, ReadPlan plan, ReadOnlySpan<byte> wire)
    {
        Begin(lines, id, entry);
        lines.Write(Value);
        lines.WriteBase64(wire);
        var avro = wire[WireFormat.HeaderSize..];
        FindScope(plan, avro);
        present.Clear();
        var reader = new RecordReader(plan, avro);
        while (reader.MoveNext())
            if (!reader.IsNull)
                Write(lines, ref reader, slots[reader.Field.Ordinal]);
        WritePresent(lines);
        lines.Write("}\n"u8);
    }

    /// <summary>A delete marker.</summary>
    public void WriteMarker(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry, DateTimeOffset now)
    {
        Begin(lines, id, entry);
        lines.Write(DeletedAt);
        lines.WriteNumber(now.ToUnixTimeMilliseconds());
        lines.Write("}\n"u8);
    }

    private void Begin(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry)
    {
        lines.Write(action);
        lines.WriteText(id);
        lines.Write(""","version":"""u8);
        lines.WriteNumber(entry.Version);
        lines.Write(""","version_type":"external_gte"}}"""u8);
        lines.Write("\n"u8);

        lines.Write(document);
        lines.WriteText(id);
        lines.Write(source);
        lines.WriteText(id[..id.IndexOf((byte)':')]);
        lines.Write(Version);
        lines.WriteNumber(entry.Version);
    }

    /// <summary>Region and year may stand behind the codes, whose names depend on them; where they come first, this ends with them.</summary>
    private void FindScope(ReadPlan plan, ReadOnlySpan<byte> avro)
    {
        names.Begin();
        var left = scopeFields;
        for (var reader = new RecordReader(plan, avro); left > 0 && reader.MoveNext();)
        {
            var slot = slots[reader.Field.Ordinal];
            if (!slot.IsRegion && !slot.IsYear)
                continue;
            left--;
            if (reader.IsNull)
                continue;
            if (slot.IsRegion)
                names.SetRegion(reader.GetUtf8());
            if (slot.IsYear)
                names.SetYear(ref reader);
        }
    }

    private void Write(LineBuffer lines, ref RecordReader reader, Slot slot)
    {
        switch (slot.Role)
        {
            case SearchRole.None:
            case SearchRole.Text when reader.GetUtf8().IsEmpty:
                return;
            case SearchRole.Text:
                present.Add(slot.Quoted);
                break;
        }

        lines.Write(slot.Next);
        switch (slot.Role)
        {
            case SearchRole.Keyword or SearchRole.Text when slot.HasCode:
                WriteCode(lines, slot.Field.CodeList!, reader.GetUtf8());
                break;
            case SearchRole.Keyword or SearchRole.Text:
                lines.WriteText(reader.GetUtf8());
                break;
            case SearchRole.Flag:
                lines.Write(reader.GetBoolean() ? "\"true\""u8 : "\"false\""u8);
                break;
            case SearchRole.Amount:
                lines.WriteNumber(AmountValue.Of(ref reader));
                break;
            case SearchRole.Date when EngineDate.IsDate(reader.GetLong(), out var date):
                lines.WriteDate(date);
                break;
            case SearchRole.Date:
                lines.WriteNumber(EngineDate.MillisecondsOf(reader.GetLong()));
                break;
            default:
                lines.WriteNumber(reader.GetLong());
                break;
        }
    }

    private void WriteCode(LineBuffer lines, string list, ReadOnlySpan<byte> code)
    {
        lines.Write(Code);
        lines.WriteText(code);
        if (names.Find(list, code) is { } name)
        {
            lines.Write(Name);
            lines.Write(name);
        }

        lines.Write("}"u8);
    }

    private void WritePresent(LineBuffer lines)
    {
        if (present.Count == 0)
            return;
        lines.Write(Present);
        for (var i = 0; i < present.Count; i++)
        {
            lines.Write(i == 0 ? "["u8 : ","u8);
            lines.Write(present[i]);
        }

        lines.Write("]"u8);
    }

    private static byte[] First(string name) => [.. LineBuffer.Quoted(name), (byte)':'];

    private static byte[] Next(string name) => [(byte)',', .. First(name)];
}
