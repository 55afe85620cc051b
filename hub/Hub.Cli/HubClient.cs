using System.Net.Sockets;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Server.Hosting;

namespace Hub.Cli;

/// <summary>A client of the running Hub.</summary>
internal sealed class HubClient(Uri address) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(90) };

    /// <summary>The answer as it came.</summary>
    /// <exception cref="HubException">Hub does not run, or refuses.</exception>
    public Task<string> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(() => http.GetAsync(path, cancellationToken), cancellationToken);

    /// <summary>The answer to a JSON body.</summary>
    /// <exception cref="HubException">Hub does not run, or refuses.</exception>
    public Task<string> PostAsync(string path, string json, CancellationToken cancellationToken)
        => SendAsync(() => http.PostAsync(path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"), cancellationToken), cancellationToken);

    private async Task<string> SendAsync(Func<Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await send();
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.Content.Headers.ContentType?.MediaType switch
            {
                Problem.ContentType => throw Refused(body),
                "application/json" when response.IsSuccessStatusCode => body,
                _ => throw NotRunning("something other than Hub answers there."),
            };
        }
        catch (HttpRequestException failure)
        {
            throw NotRunning(failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "nothing listens there." : failure.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotRunning("it does not answer in time.");
        }
    }

    public void Dispose() => http.Dispose();

    private static HubException Refused(string body)
    {
        var problem = JsonSerializer.Deserialize<Problem>(body, ApiJson.Options)!;
        return new(problem.Findings ?? [new(problem.Code, Severity.Error, problem.Place ?? "query", problem.Detail, problem.Suggestion)]);
    }

    private HubException NotRunning(string why)
        => new(new Finding(
            Codes.NotRunning, Severity.Error, address.ToString(), $"Hub cannot be reached: {why}", "Start it with 'hub run', or name its address with --set address=…."));
}
