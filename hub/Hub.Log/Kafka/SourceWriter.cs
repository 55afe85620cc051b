using Hub.Core.Log;

namespace Hub.Log.Kafka;

/// <summary>What one source appends through this process: one transaction at a time, and a new writer after a failure.</summary>
internal sealed class SourceWriter(string source, KafkaClients clients, KafkaTopics topics, CheckpointTable checkpoints) : IDisposable
{
    private readonly SemaphoreSlim writing = new(1);
    private TransactionalWriter? writer;

    /// <summary>Refuses whoever wrote for the source before, and waits until what that one left open is settled.</summary>
    public async ValueTask RenewAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            Discard();
            await OpenAsync(cancellationToken);
        }
        finally
        {
            writing.Release();
        }

        // Entries of the one before count from now on.
        await topics.ReadEndsAsync([.. topics.Known.SelectMany(topics.PartitionsOf)], cancellationToken);
    }

    public async ValueTask AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint is { CompleteAsOf: null })
            checkpoint = checkpoint with { CompleteAsOf = (await checkpoints.KnownAsync(source, cancellationToken))?.CompleteAsOf };
        await WriteAsync(entries, checkpoint is null ? null : (source, CheckpointCodec.Write(checkpoint)), checkpoint, cancellationToken);
    }

    public ValueTask DeleteCheckpointAsync(CancellationToken cancellationToken) => WriteAsync(new(), (source, null), null, cancellationToken);

    public void Discard()
    {
        writer?.Dispose();
        writer = null;
    }

    public void Dispose() => Discard();

    private async ValueTask WriteAsync(LogBatch entries, (string Source, byte[]? Value)? record, Checkpoint? checkpoint, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await OpenAsync(cancellationToken);
            var end = 0L;
            await Task.Run(() => writer!.Append(entries, record, (place, offset) =>
            {
                topics.Written(place, offset);
                if (place.Topic == KafkaTopics.Checkpoints)
                    end = offset;
            }, cancellationToken), CancellationToken.None);
            if (record is not null)
                checkpoints.Written(source, checkpoint, end);
        }
        catch
        {
            // Whether the cluster has it is not known; the next writer's beginning settles it.
            Discard();
            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    private async ValueTask OpenAsync(CancellationToken cancellationToken)
        => writer ??= await Task.Run(() => new TransactionalWriter(clients, topics, topics.GroupOf($"hub-{source}")), cancellationToken);
}
