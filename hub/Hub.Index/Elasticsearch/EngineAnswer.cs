using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hub.Index.Elasticsearch;

/// <summary>An answer of the engine, whatever its status.</summary>
/// <param name="RetryAfter">How long to wait, where the answer says so.</param>
internal sealed record EngineAnswer(HttpStatusCode Status, byte[] Body, TimeSpan? RetryAfter = null)
{
    private JsonNode? json;

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The body; null when it is no object of JSON.</summary>
    public JsonObject? Object
    {
        get
        {
            try
            {
                return (json ??= JsonNode.Parse(Body)) as JsonObject;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>The body; an empty object when it is none.</summary>
    public JsonNode Json => Object ?? [];

    /// <summary>Whether shards did not answer, or not in time, so that what is told is not all there is. A copy that missed a write is the engine's own to mend.</summary>
    public bool IsPartial
        => Object is { } body && body["_seq_no"] is null && ((body["timed_out"] is JsonValue late && late.GetValueKind() == JsonValueKind.True) || FailedShards > 0);

    /// <summary>How many shards failed.</summary>
    public int FailedShards => Object?["_shards"] is JsonObject shards && shards["failed"] is JsonValue failed && failed.TryGetValue<int>(out var count) ? count : 0;
}
