using System.Text;
using System.Text.Json;
using Hub.Core.Schemas.Registry;
using Microsoft.Net.Http.Headers;

namespace Hub.Server.Registry;

/// <summary>Writes an answer in the media type that the caller prefers.</summary>
/// <param name="value">A string is written as it is: it is a schema.</param>
internal sealed class RegistryAnswer(object value, int status = StatusCodes.Status200OK) : IResult
{
    private static readonly string[] Offered = [RegistryJson.MediaType, "application/vnd.schemaregistry+json", "application/json"];

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var bytes = value is string schema ? Encoding.UTF8.GetBytes(schema) : JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), RegistryJson.Options);
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = Choose(httpContext.Request) ?? Offered[0];
        httpContext.Response.ContentLength = bytes.Length;
        httpContext.Response.Headers.XContentTypeOptions = "nosniff";
        await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }

    /// <summary>The media type of the answer; null when the caller takes none of those that there are.</summary>
    public static string? Choose(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) || accepted.Count == 0)
            return Offered[0];
        foreach (var one in accepted.OrderByDescending(one => one.Quality ?? 1))
            foreach (var offered in Offered)
                if (one.Quality != 0 && (one.MatchesAllTypes || one.MediaType == "application/*" || one.MediaType.Equals(offered, StringComparison.OrdinalIgnoreCase)))
                    return offered;
        return null;
    }
}
