using System.Globalization;
using System.Text;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.DeadLetters;

/// <summary>Dead letters to and from the Avro of subject <c>hub.deadLetter</c>.</summary>
internal static class DeadLetterCodec
{
    public static void Write(AvroWriter writer, SubjectSchema schema, DeadLetter letter, string state, DateTimeOffset now)
    {
        writer.BeginRecord(schema.Id);
        foreach (var field in schema.Fields)
        {
            object? value = field.Name switch
            {
                "id" => letter.Id,
                "source" => letter.Source,
                "subject" => letter.Subject,
                "relation" => letter.Relation,
                "documentKey" => letter.DocumentKey,
                "version" => letter.Version,
                "operation" => (long)letter.Operation,
                "position" => letter.Position,
                "reason" => letter.Reason,
                "detail" => letter.Detail,
                "record" => letter.Record,
                "state" => state,
                "occurredAt" => letter.OccurredAt is { } moment ? Microseconds.Of(moment) : null,
                "recordedAt" => Microseconds.Of(now),
                _ => null,
            };
            Write(writer, field, value);
        }
    }

    public static DeadLetter Read(RecordReader reader, out string state)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.MoveNext())
            if (!reader.IsNull)
                texts[reader.Field.Name] = reader.Field.Type == FieldType.String
                    ? Encoding.UTF8.GetString(reader.GetUtf8())
                    : reader.GetLong().ToString(CultureInfo.InvariantCulture);

        state = texts["state"];
        return new(
            texts["id"], texts["source"], texts.GetValueOrDefault("subject"), texts.GetValueOrDefault("relation", ""), texts.GetValueOrDefault("documentKey"),
            Number("version"), (Operation)Number("operation"), texts.GetValueOrDefault("position", ""), texts["reason"], texts.GetValueOrDefault("detail", ""),
            texts.GetValueOrDefault("record", ""), Microseconds.ToMoment(Number("occurredAt")));

        long Number(string name) => long.Parse(texts.GetValueOrDefault(name, "0"), CultureInfo.InvariantCulture);
    }

    private static void Write(AvroWriter writer, FieldSchema field, object? value)
    {
        writer.WriteBranch(field, value is null);
        if (value is string text)
            writer.WriteBytes(Encoding.UTF8.GetBytes(text));
        else if (value is long number)
            writer.WriteLong(number);
        else if (!field.Nullable)
            throw new InvalidDataException($"The schema of dead letters requires '{field.Name}', which this Hub does not know.");
    }
}
