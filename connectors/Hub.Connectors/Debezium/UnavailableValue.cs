using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hub.Connectors.Debezium;

/// <summary>
/// What stands where the connector left a value out, in each of the forms that a column's type and <c>binary.handling.mode</c> give it.
/// Source: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-unavailable-value-placeholder.
/// </summary>
internal sealed class UnavailableValue
{
    private const string HexPrefix = "hex:";

    private readonly byte[] raw;
    private readonly byte[][] texts;

    /// <param name="setting">The connector's <c>unavailable.value.placeholder</c>: text, or octets behind <c>hex:</c>.</param>
    /// <exception cref="FormatException">What stands behind <c>hex:</c> is not hexadecimal.</exception>
    public UnavailableValue(string setting)
    {
        raw = setting.StartsWith(HexPrefix, StringComparison.Ordinal) ? Convert.FromHexString(setting.AsSpan(HexPrefix.Length)) : Encoding.UTF8.GetBytes(setting);
        var text = Encoding.UTF8.GetString(raw);
        var base64 = Convert.ToBase64String(raw);
        var quoted = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        // The last is of hstore.handling.mode=json.
        texts = [.. new[] { text, base64, base64.Replace('+', '-').Replace('/', '_'), Convert.ToHexStringLower(raw), $"{{\"{quoted}\":\"{quoted}\"}}" }.Select(Encoding.UTF8.GetBytes)];
    }

    public bool IsBytes(ReadOnlySpan<byte> value) => value.SequenceEqual(raw);

    public bool IsText(ReadOnlySpan<byte> value)
    {
        foreach (var text in texts)
            if (value.SequenceEqual(text))
                return true;
        return false;
    }
}
