using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hub.Core.Ops;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Fetches schemas by id. Source: Confluent's Schema Registry API reference, "GET /schemas/ids/{int: id}". A schema never changes,
/// so the reader keeps what it has got.
/// </summary>
internal sealed class DebeziumRegistry(DebeziumSourceOptions options, HttpClient http)
{
    /// <exception cref="HubException">The registry does not answer (transient), or does not have the schema.</exception>
    public async ValueTask<string> ReadAsync(int id, CancellationToken cancellationToken)
    {
        var registry = options.Registry!;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{registry.ToString().TrimEnd('/')}/schemas/ids/{id}");
        if (options.RegistryUser is { } user)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.RegistryPassword}")));
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            if (answer.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests)
                throw DebeziumFailures.RegistryUnreachable(options.Place, registry, $"status {(int)answer.StatusCode}");
            if (!answer.IsSuccessStatusCode)
                throw DebeziumFailures.SchemaUnknown(options.Place, registry, id, $"status {(int)answer.StatusCode}");
            using var body = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            return body.RootElement.GetProperty("schema").GetString()!;
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw DebeziumFailures.RegistryUnreachable(options.Place, registry, failure.Message, failure);
        }
    }
}
