using System.Text.Json;
using System.Text.Unicode;
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
    private static readonly JsonEncodedText Index = JsonEncodedText.Encode("index");
    private static readonly JsonEncodedText IndexName = JsonEncodedText.Encode("_index");
    private static readonly JsonEncodedText DocumentId = JsonEncodedText.Encode("_id");
    private static readonly JsonEncodedText DocumentVersion = JsonEncodedText.Encode("version");
    private static readonly JsonEncodedText VersionType = JsonEncodedText.Encode("version_type");
    private static readonly JsonEncodedText ExternalGte = JsonEncodedText.Encode("external_gte");
    private static readonly JsonEncodedText Id = JsonEncodedText.Encode(EngineFields.Id);
    private static readonly JsonEncodedText Subject = JsonEncodedText.Encode(EngineFields.Subject);
    private static readonly JsonEncodedText Source = JsonEncodedText.Encode(EngineFields.Source);
    private static readonly JsonEncodedText Version = JsonEncodedText.Encode(EngineFields.Version);
    private static readonly JsonEncodedText Value = JsonEncodedText.Encode(EngineFields.Value);
    private static readonly JsonEncodedText Present = JsonEncodedText.Encode(EngineFields.Present);
    private static readonly JsonEncodedText DeletedAt = JsonEncodedText.Encode(EngineFields.DeletedAt);
    private static readonly JsonEncodedText Code = JsonEncodedText.Encode(EngineFields.Code);
    private static readonly JsonEncodedText Name = JsonEncodedText.Encode(EngineFields.Name);
    private static readonly JsonEncodedText True = JsonEncodedText.Encode("true");
    private static readonly JsonEncodedText False = JsonEncodedText.Encode("false");

    /// <summary>0001-01-01 and 9999-12-31 as days since 1970: what the engine's date format takes.</summary>
    private const long FirstDay = -719_162;
    private const long LastDay = 2_932_896;
    private const long MillisecondsOfDay = 24L * 60 * 60 * 1000;

    private readonly JsonEncodedText index;
    private readonly JsonEncodedText subject;
    private readonly Slot[] slots;
    private readonly bool hasCodes;
    private readonly CodeNames<JsonEncodedName> names;
    private readonly Utf8JsonWriter json = new(Stream.Null, EngineJson.Writer);
    private readonly List<JsonEncodedText> present = [];

    /// <param name="indexName">What the generation is written by.</param>
    /// <param name="has">Whether the generation has a field in the same role.</param>
    public DocumentEncoder(SubjectSchema schema, string indexName, IndexMapping mapping, CodeNames<JsonEncodedName> names, Func<string, bool> has)
    {
        this.names = names;
        (index, subject) = (JsonEncodedText.Encode(indexName), JsonEncodedText.Encode(schema.Subject));
        slots = [.. schema.Fields.Select(field => new Slot(
            JsonEncodedText.Encode(field.Name), mapping.IsQueryable(schema.Subject, field.Name) && has(field.Name) ? field.Search : SearchRole.None, field,
            schema.Region == field && field.Type == FieldType.String, schema.Year == field))];
        hasCodes = slots.Any(slot => slot.HasCode);
    }

    /// <summary>What one field of the schema is to the engine.</summary>
    private readonly record struct Slot(JsonEncodedText Name, SearchRole Role, FieldSchema Field, bool IsRegion, bool IsYear)
    {
        public bool HasCode => Role is SearchRole.Keyword && Field.CodeList is not null;
    }

    /// <summary>A live document, with its value as it came.</summary>
    /// <exception cref="InvalidDataException">The value is not a record of the schema, or does not fit the index.</exception>
    public void WriteLive(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry, ReadPlan plan, ReadOnlySpan<byte> wire)
    {
        Begin(lines, id, entry);
        json.WriteBase64String(Value, wire);
        var avro = wire[WireFormat.HeaderSize..];
        if (hasCodes)
            FindNames(plan, avro);
        present.Clear();
        var code = 0;
        var reader = new RecordReader(plan, avro);
        while (reader.MoveNext())
            if (!reader.IsNull)
                Write(ref reader, slots[reader.Field.Ordinal], ref code);
        if (present.Count > 0)
        {
            json.WriteStartArray(Present);
            foreach (var name in present)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }

        End(lines);
    }

    /// <summary>A delete marker.</summary>
    public void WriteMarker(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry, DateTimeOffset now)
    {
        Begin(lines, id, entry);
        json.WriteNumber(DeletedAt, now.ToUnixTimeMilliseconds());
        End(lines);
    }

    private void Begin(LineBuffer lines, ReadOnlySpan<byte> id, in LogEntry entry)
    {
        json.Reset(lines);
        json.WriteStartObject();
        json.WriteStartObject(Index);
        json.WriteString(IndexName, index);
        json.WriteString(DocumentId, id);
        json.WriteNumber(DocumentVersion, entry.Version);
        json.WriteString(VersionType, ExternalGte);
        json.WriteEndObject();
        End(lines);

        json.Reset(lines);
        json.WriteStartObject();
        json.WriteString(Id, id);
        json.WriteString(Subject, subject);
        json.WriteString(Source, id[..id.IndexOf((byte)':')]);
        json.WriteNumber(Version, entry.Version);
    }

    private void End(LineBuffer lines)
    {
        json.WriteEndObject();
        json.Flush();
        lines.EndLine();
    }

    /// <summary>Region and year may stand behind the codes, so that this is a walk of its own.</summary>
    private void FindNames(ReadPlan plan, ReadOnlySpan<byte> avro)
    {
        names.Begin();
        var reader = new RecordReader(plan, avro);
        while (reader.MoveNext())
        {
            if (reader.IsNull)
                continue;
            ref readonly var slot = ref slots[reader.Field.Ordinal];
            if (slot.IsRegion)
                names.SetRegion(reader.GetUtf8());
            if (slot.IsYear)
                names.SetYear(ref reader);
            if (slot.HasCode)
                names.Add(slot.Field.CodeList!, reader.GetUtf8());
        }
    }

    private void Write(ref RecordReader reader, in Slot slot, ref int code)
    {
        switch (slot.Role)
        {
            case SearchRole.Text when !reader.GetUtf8().IsEmpty:
                WriteText(slot.Name, reader.GetUtf8());
                present.Add(slot.Name);
                break;
            case SearchRole.Keyword when slot.HasCode:
                json.WriteStartObject(slot.Name);
                WriteText(Code, reader.GetUtf8());
                if (names.Resolve(code++) is { } name)
                    json.WriteString(Name, name.Text);
                json.WriteEndObject();
                break;
            case SearchRole.Keyword:
                WriteText(slot.Name, reader.GetUtf8());
                break;
            case SearchRole.Flag:
                json.WriteString(slot.Name, reader.GetBoolean() ? True : False);
                break;
            case SearchRole.Amount:
                json.WriteNumber(slot.Name, AmountValue.Of(ref reader));
                break;
            case SearchRole.Date when reader.GetLong() is >= FirstDay and <= LastDay:
                WriteDate(slot.Name, (int)reader.GetLong());
                break;
            case SearchRole.Date:
                json.WriteNumber(slot.Name, reader.GetLong() * MillisecondsOfDay);
                break;
            case SearchRole.Time or SearchRole.Number:
                json.WriteNumber(slot.Name, reader.GetLong());
                break;
        }
    }

    private void WriteDate(JsonEncodedText name, int day)
    {
        Span<char> text = stackalloc char[10];
        DateOnly.FromDayNumber(day + (int)-FirstDay).TryFormat(text, out _, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        json.WriteString(name, text);
    }

    /// <summary>Bytes that are no text are shown as such; the value keeps them.</summary>
    private void WriteText(JsonEncodedText name, ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
            json.WriteString(name, utf8);
        else
            json.WriteString(name, System.Text.Encoding.UTF8.GetString(utf8));
    }
}

/// <summary>The name of a code, ready to be written.</summary>
internal sealed record JsonEncodedName(JsonEncodedText Text)
{
    public JsonEncodedName(string name) : this(JsonEncodedText.Encode(name, EngineJson.Writer.Encoder)) { }
}
