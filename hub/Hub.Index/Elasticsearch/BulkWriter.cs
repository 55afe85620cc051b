using System.Globalization;
using Hub.Core.Index;

namespace Hub.Index.Elasticsearch;

/// <summary>Sends documents in bulk requests, several at once, and finds out what became of each one. For one writer at a time.</summary>
internal sealed class BulkWriter(EngineClient client, ElasticsearchOptions options)
{
    // The answer is small, since nothing but the status is of interest where there is no error. What an engine waits for, such as a shard that is not
    // there, it must give up before Hub gives up waiting for the answer. An index that is gone is told, not made anew and empty.
    private readonly string path = string.Create(
        CultureInfo.InvariantCulture, $"_bulk?require_alias=true&timeout={(long)Math.Max(1, options.Timeout.TotalMilliseconds / 2)}ms&filter_path=items.*.status,items.*.error");

    private readonly LineBuffers buffers = new(2 * options.BulkBytes + 1024 * 1024);
    private readonly List<Task> running = [];
    private CancellationTokenSource? trying;

    public BulkThrottle Throttle { get; } = new(options.Concurrency, options.Time);

    /// <summary>A buffer to fill; goes back by itself when it was sent.</summary>
    public LineBuffer Rent() => buffers.Rent();

    public bool IsFull(LineBuffer lines) => lines.Length >= options.BulkBytes || lines.Lines.Count >= options.BulkCount;

    /// <summary>Begins to send, once there is room for another request.</summary>
    /// <param name="taken">Called for each document, by one thread at a time per request.</param>
    /// <exception cref="Hub.Core.Ops.HubException">One that was begun before has failed.</exception>
    public async Task BeginAsync(LineBuffer lines, Action<BulkLine, WriteOutcome> taken, CancellationToken cancellationToken)
    {
        var source = trying ??= CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Throttle.EnterAsync(source.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            buffers.Return(lines);
            await FinishAsync();
            throw;
        }

        running.Add(Task.Run(() => RunAsync(lines, taken, source, cancellationToken), CancellationToken.None));
    }

    /// <summary>Waits until all that was begun has an outcome; when one failed, those that are under way end and no other begins.</summary>
    public async Task FinishAsync()
    {
        try
        {
            await Task.WhenAll(running);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>The same where what became of it is of no interest any more.</summary>
    public async Task AbandonAsync()
    {
        if (trying is null)
            return;
        await trying.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Clear();
    }

    private async Task RunAsync(LineBuffer lines, Action<BulkLine, WriteOutcome> taken, CancellationTokenSource source, CancellationToken cancellationToken)
    {
        try
        {
            await new BulkRequest(client, Throttle, buffers, path, taken).RunAsync(lines, source.Token, cancellationToken);
        }
        catch
        {
            await source.CancelAsync();
            throw;
        }
    }

    private void Clear()
    {
        running.Clear();
        trying?.Dispose();
        trying = null;
    }
}
