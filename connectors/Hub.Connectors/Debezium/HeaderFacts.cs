using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Reads the headers that ExtractNewRecordState adds, whichever of Kafka Connect's converters wrote them: the text itself
/// (SimpleHeaderConverter, StringConverter), a value of JSON, or one with its schema (JsonConverter).
/// Source: https://debezium.io/documentation/reference/stable/transformations/event-flattening.html#extract-new-record-state-add-headers,
/// https://kafka.apache.org/documentation/#connectconfigs_header.converter.
/// </summary>
internal sealed class HeaderFacts
{
    private const int LongestName = 64;

    private readonly JsonValues values = new();

    /// <exception cref="InvalidDataException">A header is not what it should be.</exception>
    public void Read(Headers headers, SourceFacts facts)
    {
        Span<byte> name = stackalloc byte[LongestName];
        for (var i = 0; i < headers.Count; i++)
            if (headers[i].GetValueBytes() is { Length: > 0 } value && Encoding.UTF8.TryGetBytes(headers[i].Key, name, out var length))
                Take(SourceFacts.OfAdded(name[..length]), value, facts);
    }

    private void Take(Fact fact, ReadOnlySpan<byte> value, SourceFacts facts)
    {
        if (fact == Fact.None)
            return;
        if (value[0] is not ((byte)'{' or (byte)'"'))
        {
            if (!value.SequenceEqual("null"u8))
                facts.Take(fact, value);
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(value);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
                MoveToPayload(ref reader);
            if (reader.TokenType != JsonTokenType.Null)
                facts.Take(fact, values.TextOf(ref reader));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"its header is not JSON: {failure.Message}", failure);
        }
    }

    private static void MoveToPayload(ref Utf8JsonReader reader)
    {
        while (JsonValues.Next(ref reader))
        {
            var isPayload = reader.ValueTextEquals("payload"u8);
            reader.Read();
            if (isPayload)
                return;
            reader.Skip();
        }

        throw new InvalidDataException("its header is a JSON object without 'payload'");
    }
}
