using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Finds codes that their list does not have for the record's own region and year.</summary>
/// <param name="listOf">The list of each field, by ordinal; null for a field that is not checked.</param>
internal sealed class CodeCheck(SubjectSchema schema, CodeLists lists, string?[] listOf)
{
    private const int MaxRemembered = 64 * 1024;

    private readonly Dictionary<byte[], bool> known = new(Utf8Comparer.Instance);
    private readonly byte[]?[] listNames = [.. listOf.Select(list => list is null ? null : Encoding.UTF8.GetBytes(list))];
    private readonly KeyWriter question = new();

    /// <summary>The first field whose code is not known, or null.</summary>
    public FieldSchema? FirstUnknown(ReadOnlySpan<byte> wire)
    {
        var avro = wire[WireFormat.HeaderSize..];
        var place = ReadPlace(avro);
        var reader = new RecordReader(schema, avro);
        while (reader.MoveNext())
            if (!reader.IsNull && listOf[reader.Field.Ordinal] is not null && !IsKnown(reader.Field, place, reader.GetUtf8()))
                return reader.Field;
        return null;
    }

    private ValuePlace ReadPlace(ReadOnlySpan<byte> avro)
    {
        var place = default(ValuePlace);
        var reader = new RecordReader(schema, avro);
        while (reader.MoveNext())
        {
            if (reader.IsNull)
                continue;
            if (ReferenceEquals(reader.Field, schema.Region))
                place.Region = reader.GetUtf8();
            if (ReferenceEquals(reader.Field, schema.Year))
                place.Year = reader.Field.Type != FieldType.String ? (int)reader.GetLong()
                    : Utf8Parser.TryParse(reader.GetUtf8(), out int year, out _) ? year
                    : 0;
        }

        return place;
    }

    private bool IsKnown(FieldSchema field, ValuePlace place, ReadOnlySpan<byte> code)
    {
        Span<byte> year = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(year, place.Year);
        question.Clear();
        question.AppendPart(listNames[field.Ordinal]);
        question.AppendPart(place.Region);
        question.AppendPart(year);
        question.AppendPart(code);
        var remembered = known.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (remembered.TryGetValue(question.Written, out var isKnown))
            return isKnown;

        isKnown = lists.Find(listOf[field.Ordinal]!, Encoding.UTF8.GetString(place.Region), place.Year, Encoding.UTF8.GetString(code)) is not null;
        if (known.Count >= MaxRemembered)
            known.Clear();
        remembered[question.Written] = isKnown;
        return isKnown;
    }

    private ref struct ValuePlace
    {
        public ReadOnlySpan<byte> Region;
        public int Year;
    }
}
