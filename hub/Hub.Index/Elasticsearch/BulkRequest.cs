using System.Net;
using Hub.Core.Index;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// One bulk request until each of its documents has an outcome: sent, split when it is too large, and what the engine is too busy for sent again.
/// What is wrong with the index itself, and an engine that takes nothing for long, ends it with a failure; the log still has the documents.
/// </summary>
/// <param name="taken">Called once for each document that has an outcome.</param>
internal sealed class BulkRequest(EngineClient client, BulkThrottle throttle, LineBuffers buffers, string path, Action<BulkLine, WriteOutcome> taken)
{
    /// <summary>How long the engine may take nothing of a request before that is told.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<BulkVerdict> verdicts = [];
    private string refusal = "";
    private TimeSpan? asked;

    /// <param name="lines">Go back to the buffers, whatever happens.</param>
    /// <param name="trying">Ends the pauses when trying again has become useless.</param>
    public async Task RunAsync(LineBuffer lines, CancellationToken trying, CancellationToken cancellationToken)
    {
        var wasBusy = false;
        try
        {
            var (began, left) = (client.Time.GetTimestamp(), lines.Lines.Count);
            for (var tried = 1; ; tried++)
            {
                var rest = await SendAsync(lines, cancellationToken);
                buffers.Return(lines);
                lines = rest;
                if (lines.Lines.Count == 0)
                    return;
                if (lines.Lines.Count < left)
                    (began, left, tried) = (client.Time.GetTimestamp(), lines.Lines.Count, 1);
                if (client.Time.GetElapsedTime(began) is var waited && waited >= Patience)
                    throw EngineFailure.Busy(client.Address, waited, refusal);
                if (!wasBusy)
                    throttle.Slow();
                wasBusy = true;
                await throttle.PauseAsync(tried, asked, trying);
            }
        }
        finally
        {
            buffers.Return(lines);
            throttle.Leave(wasBusy);
        }
    }

    /// <summary>Sends once; returns what is to be sent again.</summary>
    private async Task<LineBuffer> SendAsync(LineBuffer lines, CancellationToken cancellationToken)
    {
        var answer = await client.SendLinesAsync(path, lines.Written, cancellationToken);
        asked = answer.RetryAfter;
        if (answer.Status == HttpStatusCode.RequestEntityTooLarge)
            return await SendHalvesAsync(lines, cancellationToken);
        if (!answer.IsSuccess)
            return IsBusy(answer) ? Keep(lines, answer) : throw EngineFailure.Of(answer, client.Address, "a bulk request");
        Read(answer, lines.Lines.Count);
        var rest = buffers.Rent();
        for (var i = 0; i < verdicts.Count; i++)
            if (Judge(verdicts[i]) is { } outcome)
                taken(lines.Lines[i], outcome);
            else
                rest.Add(lines, lines.Lines[i]);
        return rest;
    }

    /// <summary>A block of the index comes with the same status as a load that passes.</summary>
    private static bool IsBusy(EngineAnswer answer) => answer.Status switch
    {
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => true,
        HttpStatusCode.TooManyRequests => EngineFailure.TypeOf(answer.Json) != "cluster_block_exception",
        _ => false,
    };

    private LineBuffer Keep(LineBuffer lines, EngineAnswer answer)
    {
        refusal = $"status {(int)answer.Status}, {EngineFailure.ReasonOf(answer.Json)}";
        var rest = buffers.Rent();
        foreach (var line in lines.Lines)
            rest.Add(lines, line);
        return rest;
    }

    private void Read(EngineAnswer answer, int count)
    {
        try
        {
            BulkVerdict.Read(answer.Body, verdicts);
        }
        catch (InvalidDataException failure)
        {
            throw EngineFailure.Garbled(client.Address, $"the answer to a bulk request cannot be read: {failure.Message}", failure);
        }

        if (verdicts.Count != count)
            throw EngineFailure.Garbled(client.Address, $"the answer to {count} documents tells of {verdicts.Count}.");
    }

    /// <summary>A document that is too large alone is rejected.</summary>
    private async Task<LineBuffer> SendHalvesAsync(LineBuffer lines, CancellationToken cancellationToken)
    {
        if (lines.Lines.Count == 1)
        {
            taken(lines.Lines[0], new WriteOutcome.Rejected($"The document has {lines.Length} bytes as JSON, more than the engine takes in one request (http.max_content_length)."));
            return buffers.Rent();
        }

        var rest = buffers.Rent();
        var half = (lines.Lines.Count + 1) / 2;
        for (var begin = 0; begin < lines.Lines.Count; begin += half)
        {
            var part = buffers.Rent();
            for (var i = begin; i < Math.Min(begin + half, lines.Lines.Count); i++)
                part.Add(lines, lines.Lines[i]);
            var left = await SendAsync(part, cancellationToken);
            foreach (var line in left.Lines)
                rest.Add(left, line);
            buffers.Return(part);
            buffers.Return(left);
        }

        return rest;
    }

    /// <summary>Null: to be sent again.</summary>
    private WriteOutcome? Judge(in BulkVerdict verdict)
    {
        switch (verdict.Kind)
        {
            case BulkKind.Applied:
                return WriteOutcome.Applied;
            case BulkKind.Stale:
                return WriteOutcome.Stale;
            case BulkKind.Rejected:
                return new WriteOutcome.Rejected($"The engine does not take it ({verdict.Type}): {verdict.Reason}");
            case BulkKind.Busy:
                refusal = $"status {verdict.Status}, {verdict.Type}: {verdict.Reason}";
                return null;
            default:
                throw EngineFailure.Of(verdict.Status, verdict.Type ?? "", verdict.Reason ?? "it says nothing more.", client.Address, "a write");
        }
    }
}
