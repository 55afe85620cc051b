using System.Net;
using Hub.Core.Index;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// Sends documents in bulk requests, several at once, and finds out what became of each one. What the engine is too busy for is sent again, for as
/// long as it takes; what is wrong with the index itself ends the write with a failure, and the log still has the documents.
/// </summary>
internal sealed class BulkWriter(EngineClient client, ElasticsearchOptions options)
{
    // Small, since nothing but the status is of interest where there is no error.
    private const string Path = "_bulk?require_alias=true&filter_path=items.*.status,items.*.error";

    private readonly Stack<LineBuffer> free = [];
    private readonly List<Task> running = [];

    public BulkThrottle Throttle { get; } = new(options.Concurrency, options.Time);

    /// <summary>A buffer to fill; goes back by itself when it was sent.</summary>
    public LineBuffer Rent()
    {
        lock (free)
            return free.TryPop(out var buffer) ? buffer : new();
    }

    public bool IsFull(LineBuffer lines) => lines.Length >= options.BulkBytes || lines.Lines.Count >= options.BulkCount;

    /// <summary>Begins to send, once there is room for another request.</summary>
    /// <param name="taken">Called for each document, by one thread at a time per request.</param>
    public async Task BeginAsync(LineBuffer lines, Action<BulkLine, WriteOutcome> taken, CancellationToken cancellationToken)
    {
        await Throttle.EnterAsync(cancellationToken);
        running.Add(Task.Run(() => RunAsync(lines, taken, cancellationToken), CancellationToken.None));
    }

    /// <summary>Waits until all that was begun has an outcome.</summary>
    public async Task FinishAsync()
    {
        try
        {
            await Task.WhenAll(running);
        }
        finally
        {
            running.Clear();
        }
    }

    private async Task RunAsync(LineBuffer lines, Action<BulkLine, WriteOutcome> taken, CancellationToken cancellationToken)
    {
        var wasBusy = false;
        try
        {
            var verdicts = new List<BulkVerdict>(lines.Lines.Count);
            for (var tried = 1; lines.Lines.Count > 0; tried++)
            {
                var rest = await SendAsync(lines, verdicts, taken, cancellationToken);
                Return(lines);
                lines = rest;
                if (lines.Lines.Count == 0)
                    break;
                if (!wasBusy)
                    Throttle.Slow();
                wasBusy = true;
                await Throttle.PauseAsync(tried, cancellationToken);
            }
        }
        finally
        {
            Return(lines);
            Throttle.Leave(wasBusy);
        }
    }

    /// <summary>Sends once; returns what is to be sent again.</summary>
    private async Task<LineBuffer> SendAsync(LineBuffer lines, List<BulkVerdict> verdicts, Action<BulkLine, WriteOutcome> taken, CancellationToken cancellationToken)
    {
        var answer = await client.SendLinesAsync(Path, lines.Written, cancellationToken);
        if (answer.Status == HttpStatusCode.RequestEntityTooLarge)
            return await SendHalvesAsync(lines, verdicts, taken, cancellationToken);
        var rest = Rent();
        if (answer.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
        {
            foreach (var line in lines.Lines)
                rest.Add(lines, line);
            return rest;
        }

        if (!answer.IsSuccess)
            throw EngineFailure.Of(answer, client.Address, "a bulk request");
        BulkVerdict.Read(answer.Body, verdicts);
        if (verdicts.Count != lines.Lines.Count)
            throw new HubException(new Finding(
                Codes.EngineFailed, Severity.Error, $"{client.Address}", $"the answer to {lines.Lines.Count} documents tells of {verdicts.Count}.", "Something between Hub and the engine changes answers; Hub tries again by itself.")) { IsTransient = true };
        for (var i = 0; i < verdicts.Count; i++)
            if (Judge(verdicts[i]) is { } outcome)
                taken(lines.Lines[i], outcome);
            else
                rest.Add(lines, lines.Lines[i]);
        return rest;
    }

    /// <summary>A document that is too large alone is rejected.</summary>
    private async Task<LineBuffer> SendHalvesAsync(LineBuffer lines, List<BulkVerdict> verdicts, Action<BulkLine, WriteOutcome> taken, CancellationToken cancellationToken)
    {
        if (lines.Lines.Count == 1)
        {
            taken(lines.Lines[0], new WriteOutcome.Rejected($"The document has {lines.Length} bytes as JSON, more than the engine takes in one request (http.max_content_length)."));
            return Rent();
        }

        var rest = Rent();
        var half = lines.Lines.Count / 2;
        for (var begin = 0; begin < lines.Lines.Count; begin += half)
        {
            var part = Rent();
            for (var i = begin; i < Math.Min(begin + half, lines.Lines.Count); i++)
                part.Add(lines, lines.Lines[i]);
            var left = await SendAsync(part, verdicts, taken, cancellationToken);
            foreach (var line in left.Lines)
                rest.Add(left, line);
            Return(part);
            Return(left);
        }

        return rest;
    }

    /// <summary>Null: to be sent again.</summary>
    private WriteOutcome? Judge(in BulkVerdict verdict) => verdict.Kind switch
    {
        BulkKind.Applied => WriteOutcome.Applied,
        BulkKind.Stale => WriteOutcome.Stale,
        BulkKind.Rejected => new WriteOutcome.Rejected($"The engine does not take it ({verdict.Type}): {verdict.Reason}"),
        BulkKind.Busy => null,
        _ => throw EngineFailure.Of(verdict.Status, verdict.Type ?? "", verdict.Reason ?? "it says nothing more.", client.Address, "a write"),
    };

    private void Return(LineBuffer lines)
    {
        lines.Clear();
        lock (free)
            free.Push(lines);
    }
}
