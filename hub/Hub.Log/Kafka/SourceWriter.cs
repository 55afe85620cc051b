using Hub.Core.Log;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>What one source appends through this process: one transaction at a time, and a new writer after a failure.</summary>
internal sealed class SourceWriter(string source, KafkaClients clients, KafkaTopics topics, CheckpointTable checkpoints) : IAsyncDisposable
{
    private readonly SemaphoreSlim writing = new(1);
    private CancellationTokenSource ending = new();
    private volatile bool isTaken;
    private TransactionalWriter? writer;

    /// <summary>Refuses whoever wrote for the source before, and waits until what that one left open is settled.</summary>
    public async ValueTask RenewAsync(CancellationToken cancellationToken)
    {
        await WithWriterAsync(
            () =>
            {
                Discard();
                isTaken = false;
            }, () => { }, new(), cancellationToken);
        // Entries of the one before count from now on.
        await topics.ReadEndsAsync([.. topics.Known.SelectMany(topics.PartitionsOf)], cancellationToken);
    }

    public async ValueTask AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint is { CompleteAsOf: null })
            checkpoint = checkpoint with { CompleteAsOf = (await checkpoints.KnownAsync(source, cancellationToken))?.CompleteAsOf };
        await WriteAsync(RefuseIfTaken, entries, checkpoint is null ? null : (source, CheckpointCodec.Write(checkpoint)), checkpoint, cancellationToken);
    }

    public ValueTask DeleteCheckpointAsync(CancellationToken cancellationToken) => WriteAsync(() => { }, new(), (source, null), null, cancellationToken);

    /// <summary>
    /// Another Hub has the source, or may have: what this one appends is refused until <see cref="RenewAsync"/>, lest it shut out the other. An
    /// append that is under way ends: cut off from the brokers, its commit would go on waiting for them.
    /// </summary>
    public void Take()
    {
        isTaken = true;
        Interlocked.Exchange(ref ending, new()).Cancel();
    }

    /// <summary>Ends an append that is under way, and lets the source go.</summary>
    public async ValueTask ReleaseAsync()
    {
        await Interlocked.Exchange(ref ending, new()).CancelAsync();
        await writing.WaitAsync(CancellationToken.None);
        try
        {
            await BlockingCalls.OnThreadAsync(Discard);
        }
        finally
        {
            writing.Release();
        }
    }

    public ValueTask DisposeAsync() => ReleaseAsync();

    private async ValueTask WriteAsync(Action check, LogBatch entries, (string Source, byte[]? Value)? record, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        var end = 0L;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Volatile.Read(ref ending).Token);
        try
        {
            await WithWriterAsync(check, () => writer!.Append(entries, record, (place, offset) =>
            {
                topics.Written(place, offset);
                if (place.Topic == KafkaTopics.Checkpoints)
                    end = offset;
            }, stop.Token), entries, stop.Token);
        }
        catch (OperationCanceledException) when (isTaken && !cancellationToken.IsCancellationRequested)
        {
            throw Taken();
        }

        if (record is not null)
            checkpoints.Written(source, checkpoint, end);
    }

    /// <param name="before">What comes before a writer is made, if there is none.</param>
    private async ValueTask WithWriterAsync(Action before, Action work, LogBatch entries, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            // Not left before the library has let go of its thread: the writer must not be disposed of under it.
            await BlockingCalls.OnThreadAsync(() =>
            {
                before();
                writer ??= new(clients, topics, topics.GroupOf($"hub-{source}"), cancellationToken);
                work();
            });
        }
        catch (Exception failure)
        {
            isTaken |= failure is HubException { Findings: [{ Code: Codes.SourceTaken }, ..] };
            // Whether the cluster has it is not known; the next writer's beginning settles it.
            await BlockingCalls.OnThreadAsync(Discard);
            if (failure is HubException { Findings: [{ Code: Codes.KafkaFailed }, ..] } && await FindMissingAsync(entries, cancellationToken) is { } missing)
                throw missing;
            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    private void RefuseIfTaken()
    {
        if (isTaken)
            throw Taken();
    }

    private HubException Taken() => KafkaFailures.Taken(clients.Place, $"'{topics.GroupOf($"hub-{source}")}' cannot write");

    private Task<HubException?> FindMissingAsync(LogBatch entries, CancellationToken cancellationToken)
        => BlockingCalls.OnThreadAsync(() => topics.FindMissing(Enumerable.Range(0, entries.Count).Select(index => entries[index].Place.Topic).Distinct(StringComparer.Ordinal), cancellationToken));

    private void Discard()
    {
        writer?.Dispose();
        writer = null;
    }
}
