using System.Globalization;
using System.Text.Json;
using Hub.Core.Schemas.Registry;
using Microsoft.Net.Http.Headers;

namespace Hub.Server.Registry;

/// <summary>What a request to the registry says.</summary>
internal static class RegistryRequest
{
    private const int MaxBodyBytes = 4 * 1024 * 1024;

    private static readonly string[] Taken = [RegistryJson.MediaType, "application/vnd.schemaregistry+json", "application/json", "application/octet-stream"];

    /// <summary>Whether a parameter of the query is set; anything but true is false.</summary>
    public static bool Flag(this HttpRequest request, string name)
        => string.Equals(request.Query[name], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The subject of the address; a slash in it is escaped twice by the time it comes here.</summary>
    public static string Subject(this HttpRequest request)
        => SubjectContext.Bare(((string)request.RouteValues["subject"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase));

    public static string SubjectPrefix(this HttpRequest request) => SubjectContext.BarePrefix((string?)request.Query["subjectPrefix"] ?? "");

    /// <summary>The part of a list that is asked for: <c>limit</c> entries from <c>offset</c> on, or all of them.</summary>
    public static T[] Page<T>(this HttpRequest request, IEnumerable<T> all)
    {
        var rest = all.Skip(request.Number("offset") ?? 0);
        return [.. request.Number("limit") is > 0 and var limit ? rest.Take(limit) : rest];
    }

    private static int? Number(this HttpRequest request, string name)
        => int.TryParse(request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <exception cref="RegistryFault">The body is not what it should be.</exception>
    public static async Task<T> ReadAsync<T>(this HttpRequest request) where T : class
    {
        // A page of another site may send other types without asking first.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !Taken.Contains(type.MediaType.ToString(), StringComparer.OrdinalIgnoreCase))
            throw RegistryFault.Http(StatusCodes.Status415UnsupportedMediaType, $"HTTP 415 Unsupported Media Type; send Content-Type: {RegistryJson.MediaType}.");
        if (request.ContentLength > MaxBodyBytes)
            throw RegistryFault.Http(StatusCodes.Status413PayloadTooLarge, $"HTTP 413 Request Entity Too Large; a request holds {MaxBodyBytes} bytes at most.");
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(request.Body, RegistryJson.Options, request.HttpContext.RequestAborted)
                ?? throw RegistryFault.BadBody("The body is null.");
        }
        catch (JsonException)
        {
            throw RegistryFault.BadBody("The body is not the JSON that is wanted here.");
        }
    }
}
