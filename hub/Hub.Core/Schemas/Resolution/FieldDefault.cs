using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Hub.Core.Schemas.Resolution;

/// <summary>What a field holds in records whose writer did not know it, in the form in which a reader gives values.</summary>
/// <param name="Bytes">The text, symbol or decimal.</param>
public sealed record FieldDefault(bool IsNull, long Number, byte[] Bytes)
{
    private static readonly FieldDefault Null = new(true, 0, []);

    /// <summary>The default of a field as its schema's JSON says it; null when that is not a value of the field's type.</summary>
    public static FieldDefault? Of(FieldSchema field, JsonElement json) => (json.ValueKind, field.Type) switch
    {
        (JsonValueKind.Null, _) => field.Nullable ? Null : null,
        (JsonValueKind.True or JsonValueKind.False, FieldType.Boolean) => OfNumber(json.GetBoolean() ? 1 : 0),
        (JsonValueKind.Number, FieldType.Int or FieldType.Date) => json.TryGetInt32(out var number) ? OfNumber(number) : null,
        (JsonValueKind.Number, FieldType.Long or FieldType.Timestamp) => json.TryGetInt64(out var number) ? OfNumber(number) : null,
        (JsonValueKind.String, FieldType.String) => new(false, 0, Encoding.UTF8.GetBytes(json.GetString()!)),
        (JsonValueKind.String, FieldType.Enum) => field.Symbols.Contains(json.GetString()!) ? new(false, 0, Encoding.UTF8.GetBytes(json.GetString()!)) : null,
        (JsonValueKind.String, FieldType.Decimal) => OfDecimal(field, json.GetString()!),
        _ => null,
    };

    private static FieldDefault OfNumber(long number) => new(false, number, []);

    /// <summary>Avro writes default bytes as text whose characters are the bytes, here a big-endian number.</summary>
    private static FieldDefault? OfDecimal(FieldSchema field, string text)
    {
        if (text.Length is 0 or > 16 || text.Any(character => character > 0xff))
            return null;
        var bytes = Encoding.Latin1.GetBytes(text);
        Span<byte> wide = stackalloc byte[16];
        wide.Fill((bytes[0] & 0x80) != 0 ? (byte)0xff : (byte)0);
        bytes.CopyTo(wide[(16 - bytes.Length)..]);
        var unscaled = BinaryPrimitives.ReadInt128BigEndian(wide);
        var most = Int128.Parse(new string('9', field.Precision), System.Globalization.CultureInfo.InvariantCulture);
        return unscaled >= -most && unscaled <= most ? new(false, 0, bytes) : null;
    }
}
