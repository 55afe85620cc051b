using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>A record in the wire format, written as JSON straight from its bytes.</summary>
[JsonConverter(typeof(RecordJson))]
public readonly record struct RecordView(SchemaCatalog Catalog, ReadOnlyMemory<byte> Value);

/// <summary>
/// Writes a record with the fields of its subject's latest version. Decimals are strings (exact in every language), dates and moments ISO 8601;
/// a code has its name beside it in <c>&lt;field&gt;Name</c>; personal fields are masked.
/// </summary>
public sealed class RecordJson : JsonConverter<RecordView>
{
    /// <summary>The refused record inside a dead letter has not been through a mapping, so nobody knows what in it is personal.</summary>
    private const string DeadLetter = "hub.deadLetter", RefusedRecord = "record";

    public override RecordView Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => throw new NotSupportedException("Records are written as JSON, never read from it.");

    public override void Write(Utf8JsonWriter writer, RecordView value, JsonSerializerOptions options)
    {
        var bytes = value.Value.Span;
        var schema = value.Catalog.SchemaOf(bytes);
        var scope = CodeScope.Of(schema, value.Catalog.Read(bytes));
        var reader = value.Catalog.Read(bytes);
        writer.WriteStartObject();
        while (reader.MoveNext())
            if (!IsWithheld(schema, reader.Field))
                WriteField(writer, ref reader, schema, value.Catalog.CodeLists, scope);
        writer.WriteEndObject();
    }

    public static bool IsWithheld(SubjectSchema schema, FieldSchema field) => field.Name == RefusedRecord && schema.Subject == DeadLetter;

    private static void WriteField(Utf8JsonWriter writer, ref RecordReader reader, SubjectSchema schema, CodeLists lists, CodeScope scope)
    {
        var field = reader.Field;
        writer.WritePropertyName(field.Name);
        if (reader.IsNull)
            writer.WriteNullValue();
        else
            WriteValue(writer, ref reader);

        // A record that brings the name itself keeps its own.
        if (field.CodeList is not { } list || field.Mask != MaskRule.None || schema.Find($"{field.Name}Name") is not null)
            return;
        var name = reader.IsNull ? null : lists.Find(list, scope.Region, scope.Year, Encoding.UTF8.GetString(reader.GetUtf8()))?.Name;
        writer.WriteString($"{field.Name}Name", name);
    }

    private static void WriteValue(Utf8JsonWriter writer, ref RecordReader reader)
    {
        var field = reader.Field;
        switch (field.Type)
        {
            case FieldType.String when field.Mask != MaskRule.None:
                writer.WriteStringValue(Masking.Apply(field.Mask, Encoding.UTF8.GetString(reader.GetUtf8())));
                break;
            case FieldType.String or FieldType.Enum:
                writer.WriteStringValue(reader.GetUtf8());
                break;
            case FieldType.Boolean:
                writer.WriteBooleanValue(reader.GetBoolean());
                break;
            case FieldType.Decimal:
                WriteDecimal(writer, reader.GetDecimal(), field.Scale);
                break;
            case FieldType.Date:
                WriteDate(writer, reader.GetLong());
                break;
            case FieldType.Timestamp:
                WriteTime(writer, reader.GetLong());
                break;
            default:
                writer.WriteNumberValue(reader.GetLong());
                break;
        }
    }

    private static void WriteDecimal(Utf8JsonWriter writer, Int128 unscaled, int scale)
    {
        Span<byte> digits = stackalloc byte[48];
        Span<byte> text = stackalloc byte[96];
        var magnitude = unscaled < 0 ? (UInt128)(-(unscaled + 1)) + 1 : (UInt128)unscaled;
        magnitude.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        var used = 0;
        if (unscaled < 0)
            text[used++] = (byte)'-';
        for (var place = Math.Max(count, scale + 1) - 1; place >= 0; place--)
        {
            text[used++] = place < count ? digits[count - 1 - place] : (byte)'0';
            if (place == scale && scale > 0)
                text[used++] = (byte)'.';
        }

        writer.WriteStringValue(text[..used]);
    }

    private static void WriteDate(Utf8JsonWriter writer, long days)
    {
        Span<byte> text = stackalloc byte[16];
        var number = days + DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        if (number < 0 || number > DateOnly.MaxValue.DayNumber)
        {
            writer.WriteNumberValue(days);
            return;
        }

        DateOnly.FromDayNumber((int)number).TryFormat(text, out var count, "O", CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..count]);
    }

    private static void WriteTime(Utf8JsonWriter writer, long microseconds)
    {
        // A moment outside the years 1 to 9999 has no ISO form; its number is better than none.
        if (microseconds < -62_135_596_800_000_000 || microseconds > 253_402_300_799_999_999)
        {
            writer.WriteNumberValue(microseconds);
            return;
        }

        Span<byte> text = stackalloc byte[40];
        DateTime.UnixEpoch.AddTicks(microseconds * 10).TryFormat(text, out var count, "yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..count]);
    }

    /// <summary>The region and year that choose the code lists of one record.</summary>
    private readonly record struct CodeScope(string Region, int Year)
    {
        public static CodeScope Of(SubjectSchema schema, RecordReader reader)
        {
            var (region, year) = ("", 0);
            if (schema.Region is null && schema.Year is null)
                return new(region, year);
            while (reader.MoveNext())
            {
                if (reader.IsNull)
                    continue;
                if (reader.Field == schema.Region)
                    region = Encoding.UTF8.GetString(reader.GetUtf8());
                else if (reader.Field == schema.Year)
                    year = YearOf(ref reader);
            }

            return new(region, year);
        }

        private static int YearOf(ref RecordReader reader)
            => reader.Field.Type != FieldType.String ? (int)reader.GetLong()
                : int.TryParse(reader.GetUtf8(), NumberStyles.None, CultureInfo.InvariantCulture, out var year) ? year
                : 0;
    }
}
