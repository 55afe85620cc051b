namespace Hub.Core.Schemas.Types;

/// <summary>Which logical types count: a known one only on a type that can carry it. Source: Avro 1.12 specification, "Logical Types".</summary>
internal static class LogicalTypes
{
    private const int DurationSize = 12, UuidSize = 16;

    // A 16-byte fixed is already wider than what Hub carries, but a foreign schema may have it; the most digits that n bytes hold.
    private static int MostDigits(int bytes) => (int)Math.Floor(Math.Log10(2) * ((8.0 * bytes) - 1));

    public static DecimalShape? DecimalOf(AvroType type)
    {
        if (type.Text("logicalType") != "decimal" || type.Kind is not (AvroKind.Bytes or AvroKind.Fixed) || AvroAttributes.Number(type.Json, "precision") is not { } precision)
            return null;
        var scale = AvroAttributes.Number(type.Json, "scale") ?? 0;
        var most = type.Kind == AvroKind.Fixed ? MostDigits(AvroAttributes.Number(type.Json, "size") ?? 0) : int.MaxValue;
        return precision > 0 && precision <= most && scale >= 0 && scale <= precision ? new(precision, scale) : null;
    }

    public static string? NameOf(AvroType type) => type.Text("logicalType") switch
    {
        null => null,
        "decimal" when type.Decimal is null => null,
        "date" or "time-millis" when type.Kind != AvroKind.Int => null,
        "time-micros" when type.Kind != AvroKind.Long => null,
        { } name when IsMoment(name) && type.Kind != AvroKind.Long => null,
        "uuid" when type.Kind != AvroKind.String && !IsFixed(type, UuidSize) => null,
        "duration" when !IsFixed(type, DurationSize) => null,
        { } name => name,
    };

    private static bool IsMoment(string name)
        => name is "timestamp-millis" or "timestamp-micros" or "timestamp-nanos" or "local-timestamp-millis" or "local-timestamp-micros" or "local-timestamp-nanos";

    private static bool IsFixed(AvroType type, int size) => type.Kind == AvroKind.Fixed && AvroAttributes.Number(type.Json, "size") == size;
}
