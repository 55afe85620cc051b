using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hub.Core.Ops;

namespace Hub.Core.Schemas.Registry;

/// <summary>Sends a request to the registry's addresses in turn and sorts what can go wrong, once.</summary>
internal sealed class RegistryConnection(HttpClient http, RegistryOptions options)
{
    private static readonly MediaTypeHeaderValue Sent = new(RegistryJson.MediaType);

    private readonly IReadOnlyList<Uri> addresses = options.Addresses;
    private readonly AuthenticationHeaderValue? authorization
        = options.Credentials is { } credentials ? new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))) : null;

    private volatile int preferred;

    /// <summary>The answer; null when the registry says that there is no such subject, version or schema.</summary>
    /// <exception cref="HubException">The registry cannot be reached, refuses, or is none.</exception>
    public async Task<T?> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        var first = preferred;
        for (var tried = 1; ; tried++)
        {
            var turn = (first + tried - 1) % addresses.Count;
            try
            {
                var answer = await AskAsync<T>(addresses[turn], method, path, body, cancellationToken);
                preferred = turn;
                return answer;
            }
            catch (HubException failure) when (failure.IsTransient && tried < addresses.Count)
            {
                // The next address may have what this one cannot give.
            }
        }
    }

    private async Task<T?> AskAsync<T>(Uri address, HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, $"{address.ToString().TrimEnd('/')}/{path}");
        request.Headers.Accept.ParseAdd($"{RegistryJson.MediaType}, application/vnd.schemaregistry+json; q=0.9, application/json; q=0.5");
        request.Headers.Authorization = authorization;
        if (body is not null)
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, RegistryJson.Options)) { Headers = { ContentType = Sent } };
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.IsSuccessStatusCode)
                return Read<T>(bytes, address);
            var error = ReadError(bytes);
            return response.StatusCode == HttpStatusCode.NotFound && error is not null && RegistryErrors.IsAbsence(error.ErrorCode)
                ? default
                : throw RegistryFailure.Of(response.StatusCode, error, address);
        }
        catch (HttpRequestException failure)
        {
            throw RegistryFailure.Unreachable(address, RegistryFailure.Reason(failure), failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw RegistryFailure.Unreachable(address, "it does not answer in time.", failure);
        }
    }

    private static T Read<T>(byte[] bytes, Uri address)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, RegistryJson.Options) ?? throw RegistryFailure.Garbled(address, null);
        }
        catch (JsonException failure)
        {
            throw RegistryFailure.Garbled(address, failure);
        }
    }

    private static RegistryError? ReadError(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<RegistryError>(bytes, RegistryJson.Options) is { ErrorCode: > 0 } error ? error : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
