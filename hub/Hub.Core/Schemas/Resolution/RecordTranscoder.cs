namespace Hub.Core.Schemas.Resolution;

/// <summary>
/// Writes what another schema wrote as a record of the subject's latest version, so that whoever keeps it can read it when that schema is
/// not at hand. Not for concurrent use.
/// </summary>
public sealed class RecordTranscoder
{
    private readonly AvroWriter values = new();
    private readonly AvroWriter record = new();
    private (int Start, int Length)[] places = [];

    /// <summary>The record in the wire format, until the next call.</summary>
    /// <param name="avro">Avro binary without the wire format's header.</param>
    /// <exception cref="InvalidDataException">The bytes are not a record of the writer's schema, or hold what the latest version cannot take.</exception>
    public ReadOnlySpan<byte> Write(ReadPlan plan, ReadOnlySpan<byte> avro)
    {
        if (places.Length < plan.Schema.Fields.Length)
            places = new (int, int)[plan.Schema.Fields.Length];
        values.Clear();
        var reader = new RecordReader(plan, avro);
        while (reader.MoveNext())
        {
            var start = values.Written.Length;
            Take(ref reader);
            places[reader.Field.Ordinal] = (start, values.Written.Length - start);
        }

        record.BeginRecord(plan.Schema.Id);
        foreach (var field in plan.Schema.Fields)
            record.WriteEncoded(values.Written.Slice(places[field.Ordinal].Start, places[field.Ordinal].Length));
        return record.Written;
    }

    private void Take(ref RecordReader reader)
    {
        var field = reader.Field;
        values.WriteBranch(field, reader.IsNull);
        if (reader.IsNull)
            return;
        switch (field.Type)
        {
            case FieldType.String:
                values.WriteBytes(reader.GetUtf8());
                break;
            case FieldType.Enum:
                values.WriteLong(field.SymbolOf(reader.GetUtf8()));
                break;
            case FieldType.Boolean:
                values.WriteBoolean(reader.GetBoolean());
                break;
            case FieldType.Decimal:
                values.WriteDecimal(reader.GetDecimal());
                break;
            default:
                values.WriteLong(reader.GetLong());
                break;
        }
    }
}
