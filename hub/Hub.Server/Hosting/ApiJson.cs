using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;

namespace Hub.Server.Hosting;

/// <summary>How the API writes JSON; the command line reads it the same way.</summary>
public static class ApiJson
{
    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        // Chinese stays readable. The answers are never part of an HTML page: they carry their own content type and nosniff.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new JsonStringEnumConverter<SourceState>(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new JsonStringEnumConverter<Severity>(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new JsonStringEnumConverter<FieldType>(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new JsonStringEnumConverter<SearchRole>(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new JsonStringEnumConverter<MaskRule>(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new JsonStringEnumConverter<ChangeKind>(JsonNamingPolicy.CamelCase));
        return options;
    }
}
