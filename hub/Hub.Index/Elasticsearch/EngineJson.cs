using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hub.Index.Elasticsearch;

/// <summary>JSON as the engine is sent it: Chinese as it is written, which takes half the bytes of escapes.</summary>
internal static class EngineJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
