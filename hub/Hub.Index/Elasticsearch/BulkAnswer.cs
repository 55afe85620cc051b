using System.Text.Json;

namespace Hub.Index.Elasticsearch;

/// <summary>What the engine says of one document of a bulk request.</summary>
internal readonly record struct BulkVerdict(int Status, string? Type, string? Reason)
{
    public BulkKind Kind => (Status, Type) switch
    {
        ( >= 200 and < 300, _) => BulkKind.Applied,
        (409, _) => BulkKind.Stale,
        // Also a cluster that has no master yet, or has just been started.
        (503, _) => BulkKind.Busy,
        // Of the index, not of the document; some versions say it with 429, which trying again at once would not mend.
        (_, "cluster_block_exception" or "index_closed_exception" or "index_not_found_exception" or "security_exception") => BulkKind.Failed,
        // 404 beside a missing index: the shard moves to another node just now.
        (404 or 408 or 429 or 504, _) => BulkKind.Busy,
        (_, "es_rejected_execution_exception" or "rejected_execution_exception" or "circuit_breaking_exception" or "unavailable_shards_exception"
            or "process_cluster_event_timeout_exception" or "timeout_exception" or "no_shard_available_action_exception") => BulkKind.Busy,
        (400 or 413, _) => BulkKind.Rejected,
        _ => BulkKind.Failed,
    };

    /// <summary>One verdict per document, in the order of the request.</summary>
    /// <exception cref="InvalidDataException">The body is none of an answer.</exception>
    public static void Read(ReadOnlySpan<byte> body, List<BulkVerdict> verdicts)
    {
        verdicts.Clear();
        try
        {
            var json = new Utf8JsonReader(body);
            while (json.Read())
                if (json.CurrentDepth == 1 && json.TokenType == JsonTokenType.PropertyName)
                {
                    var isItems = json.ValueTextEquals("items"u8);
                    json.Read();
                    if (isItems)
                        ReadItems(ref json, verdicts);
                    else
                        json.Skip();
                }
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException($"it is not JSON: {failure.Message}", failure);
        }
    }

    private static void ReadItems(ref Utf8JsonReader json, List<BulkVerdict> verdicts)
    {
        // [ { "index": { … } }, … ]
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            json.Read();
            json.Read();
            verdicts.Add(ReadVerdict(ref json));
            json.Read();
        }
    }

    private static BulkVerdict ReadVerdict(ref Utf8JsonReader json)
    {
        var (status, type, reason) = (0, (string?)null, (string?)null);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isStatus, isError) = (json.ValueTextEquals("status"u8), json.ValueTextEquals("error"u8));
            json.Read();
            if (isStatus && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number))
                status = number;
            else if (isError && json.TokenType == JsonTokenType.StartObject)
                (type, reason) = ReadError(ref json);
            else
                json.Skip();
        }

        return new(status, type, reason);
    }

    /// <summary>The reason with what caused it, which often says more.</summary>
    private static (string? Type, string? Reason) ReadError(ref Utf8JsonReader json)
    {
        using var error = JsonDocument.ParseValue(ref json);
        var reasons = new List<string>();
        for (var cause = error.RootElement; cause.ValueKind == JsonValueKind.Object && reasons.Count < 3;)
        {
            if (cause.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String)
                reasons.Add(reason.GetString()!);
            if (!cause.TryGetProperty("caused_by", out cause))
                break;
        }

        return (error.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null, reasons.Count > 0 ? string.Join(": ", reasons) : null);
    }
}

/// <summary>What becomes of a document of a bulk request.</summary>
internal enum BulkKind
{
    Applied,

    /// <summary>The engine holds a newer version.</summary>
    Stale,

    /// <summary>The engine cannot hold it, and would not on another try.</summary>
    Rejected,

    /// <summary>It may be taken a little later.</summary>
    Busy,

    /// <summary>Something is wrong that is not the document's.</summary>
    Failed,
}
