using System.Globalization;
using System.Text;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Resolution;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;

namespace Hub.Index.Lucene;

/// <summary>Makes index documents of records of one subject, with the same field objects each time. For the one thread that writes.</summary>
internal sealed class DocumentBuilder
{
    private static readonly byte[] True = "true"u8.ToArray();
    private static readonly byte[] False = "false"u8.ToArray();
    private static readonly byte[] AnyMarker = Encoding.UTF8.GetBytes(FieldNames.AnyMarker);

    private readonly SubjectSchema schema;
    private readonly FieldSlot[] slots;
    private readonly TextCache cache;
    private readonly CodeNames<AnalyzedText> names;
    private readonly ExactField uid = new(FieldNames.Uid, DocValuesType.BINARY);
    private readonly ExactField subject = new(FieldNames.Subject, DocValuesType.SORTED);
    private readonly ExactField source = new(FieldNames.Source, DocValuesType.SORTED);
    private readonly NumberField version = new(FieldNames.Version, indexed: false);
    private readonly StoredBytesField value = new(FieldNames.Value);
    private readonly WordsField title = new(FieldNames.Title);
    private readonly WordsField text = new(FieldNames.Text);
    private readonly List<IIndexableField> fields = [];
    private char[] chars = new char[1024];

    public DocumentBuilder(SubjectSchema schema, IndexMapping mapping, TextCache cache, CodeNames<AnalyzedText> names)
    {
        this.schema = schema;
        this.cache = cache;
        this.names = names;
        slots = [.. schema.Fields.Select(field => new FieldSlot(schema, field, mapping))];
        subject.Set(Encoding.UTF8.GetBytes(schema.Subject));
    }

    /// <summary>The fields of a live document; valid until the next call.</summary>
    /// <param name="plan">How the value is read as one of the subject's latest version.</param>
    /// <param name="wire">Where the value stands; the index copies it.</param>
    /// <exception cref="InvalidDataException">The value is not a record of the schema, or does not fit the index.</exception>
    public List<IIndexableField> Build(in DocumentUid id, long documentVersion, ReadPlan plan, byte[] wire, int offset, int length)
    {
        fields.Clear();
        title.Texts.Clear();
        text.Texts.Clear();
        uid.Set(id.Bytes, 0, id.Length);
        source.Set(id.Bytes, id.SourceStart, id.SourceLength);
        version.Set(documentVersion);
        value.Set(wire, offset, length);
        fields.Add(uid);
        fields.Add(subject);
        fields.Add(source);
        fields.Add(version);
        fields.Add(value);

        var avro = wire.AsSpan(offset + WireFormat.HeaderSize, length - WireFormat.HeaderSize);
        names.Begin();
        var reader = new RecordReader(plan, avro);
        while (reader.MoveNext())
            if (!reader.IsNull)
                Take(ref reader, slots[reader.Field.Ordinal]);

        AddCodeNames();
        if (title.Texts.Count > 0)
            fields.Add(title);
        if (text.Texts.Count > 0)
            fields.Add(text);
        return fields;
    }

    /// <summary>The fields of a delete marker; valid until the next call.</summary>
    public List<IIndexableField> BuildMarker(in DocumentUid id, long documentVersion)
    {
        fields.Clear();
        uid.Set(id.Bytes, 0, id.Length);
        version.Set(documentVersion);
        fields.Add(uid);
        fields.Add(version);
        fields.Add(Marker(AnyMarker));
        fields.Add(Marker(Encoding.UTF8.GetBytes(schema.Subject)));
        return fields;
    }

    private static ExactField Marker(byte[] term)
    {
        var field = new ExactField(FieldNames.Deleted, DocValuesType.NONE);
        field.Set(term);
        return field;
    }

    private void Take(ref RecordReader reader, FieldSlot slot)
    {
        if (slot.IsRegion)
            names.SetRegion(reader.GetUtf8());
        if (slot.IsYear)
            names.SetYear(ref reader);
        switch (slot.Role)
        {
            case SearchRole.Text or SearchRole.Keyword:
                TakeString(reader.GetUtf8(), slot);
                break;
            case SearchRole.Flag:
                slot.Exact!.Set(reader.GetBoolean() ? True : False);
                fields.Add(slot.Exact);
                break;
            case SearchRole.Amount:
                slot.Number!.Set(AmountValue.Of(ref reader));
                fields.Add(slot.Number);
                break;
            case SearchRole.Date or SearchRole.Time or SearchRole.Number:
                slot.Number!.Set(reader.GetLong());
                fields.Add(slot.Number);
                break;
        }
    }

    private void TakeString(ReadOnlySpan<byte> utf8, FieldSlot slot)
    {
        if (utf8.IsEmpty && slot.Role == SearchRole.Text)
            return;
        if (slot.Exact is { } exact && utf8.Length <= ExactField.MaxBytes)
        {
            exact.Set(slot.Copy(utf8), 0, utf8.Length);
            fields.Add(exact);
        }

        if (slot.Present is { } present)
            fields.Add(present);
        if (!slot.IsFullText)
            return;

        if (chars.Length < utf8.Length)
            chars = new char[utf8.Length * 2];
        var length = Encoding.UTF8.GetChars(utf8, chars);
        var analyzed = cache.Analyze(chars, length, ref slot.Habit);
        text.Texts.Add(analyzed);
        if (slot.Field.IsTitle)
            title.Texts.Add(analyzed);
        if (slot.Field.CodeList is { } list)
            names.Add(list, utf8);
    }

    /// <summary>Region and year may stand behind the codes, so that names come last.</summary>
    private void AddCodeNames()
    {
        for (var i = 0; i < names.Count; i++)
            if (names.Resolve(i) is { } name)
                text.Texts.Add(name);
    }

    /// <summary>What the index does with one field of the schema.</summary>
    private sealed class FieldSlot
    {
        private byte[] copy = [];
        public CacheHabit Habit;

        public FieldSlot(SubjectSchema schema, FieldSchema field, IndexMapping mapping)
        {
            Field = field;
            Role = mapping.IsQueryable(schema.Subject, field.Name) ? field.Search : SearchRole.None;
            IsFullText = mapping.IsFullText(schema.Subject, field.Name);
            IsRegion = schema.Region == field && field.Type == FieldType.String;
            IsYear = schema.Year == field;
            if (Role is SearchRole.Keyword or SearchRole.Flag)
                Exact = new ExactField(field.Name, DocValuesType.SORTED);
            if (Role == SearchRole.Text)
                (Present = new ExactField(FieldNames.Present, DocValuesType.NONE)).Set(Encoding.UTF8.GetBytes(field.Name));
            if (Role is SearchRole.Amount or SearchRole.Date or SearchRole.Time or SearchRole.Number)
                Number = new NumberField(field.Name, indexed: true);
        }

        public FieldSchema Field { get; }

        public SearchRole Role { get; }

        public bool IsFullText { get; }

        public bool IsRegion { get; }

        public bool IsYear { get; }

        public ExactField? Exact { get; }

        public ExactField? Present { get; }

        public NumberField? Number { get; }

        public byte[] Copy(ReadOnlySpan<byte> value)
        {
            if (copy.Length < value.Length)
                copy = new byte[Math.Max(64, value.Length * 2)];
            value.CopyTo(copy);
            return copy;
        }
    }
}
