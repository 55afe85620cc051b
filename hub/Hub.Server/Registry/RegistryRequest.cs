using System.Text.Json;
using Hub.Core.Schemas.Registry;
using Microsoft.Net.Http.Headers;

namespace Hub.Server.Registry;

/// <summary>What a request to the registry says.</summary>
internal static class RegistryRequest
{
    private const int MaxBodyBytes = 4 * 1024 * 1024;

    private static readonly string[] Taken = [RegistryJson.MediaType, "application/vnd.schemaregistry+json", "application/json"];

    /// <summary>Whether a parameter of the query is set; anything but true is false.</summary>
    public static bool Flag(this HttpRequest request, string name)
        => string.Equals(request.Query[name], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The subject of the address; a slash in it is escaped twice by the time it comes here.</summary>
    public static string Subject(this HttpRequest request)
        => ((string)request.RouteValues["subject"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

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
