using System.Net;

namespace Hub.Tests.Core;

/// <summary>A request as it came to the edge.</summary>
internal sealed record SeenRequest(string Line, string? Body, string? ContentType, string Accept, string? Authorization);

/// <summary>A registry at the edge: gives the answers that a test has written, one after the other.</summary>
internal sealed class ScriptedRegistry : HttpMessageHandler
{
    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> answers = new();
    private Func<HttpResponseMessage>? always;

    public List<SeenRequest> Requests { get; } = [];

    public static HttpResponseMessage Message(int status, string body) => new((HttpStatusCode)status) { Content = new StringContent(body) };

    public void Answer(int status, string body) => answers.Enqueue(_ => Task.FromResult(Message(status, body)));

    public void Always(int status, string body) => always = () => Message(status, body);

    public void Fail(Exception failure) => answers.Enqueue(_ => Task.FromException<HttpResponseMessage>(failure));

    /// <summary>Answers once the test says so.</summary>
    public TaskCompletionSource<HttpResponseMessage> Hold()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        answers.Enqueue(cancellationToken => answer.Task.WaitAsync(cancellationToken));
        return answer;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(new(
            $"{request.Method} {request.RequestUri!.AbsoluteUri}", request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken),
            request.Content?.Headers.ContentType?.ToString(), request.Headers.Accept.ToString(), request.Headers.Authorization?.ToString()));
        return answers.TryDequeue(out var answer) ? await answer(cancellationToken)
            : always?.Invoke() ?? throw new InvalidOperationException("The test has no answer for this.");
    }
}
