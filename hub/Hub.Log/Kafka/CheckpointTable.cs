using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Ops;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Log.Kafka;

/// <summary>The newest checkpoint of every source, read from their topic and kept up with it at each question. For concurrent use.</summary>
internal sealed class CheckpointTable(KafkaClients clients, KafkaTopics topics) : IAsyncDisposable
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim reading = new(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, (Checkpoint? Checkpoint, long End)> newest = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> next = [];
    private IConsumer<byte[], byte[]>? consumer;

    /// <summary>The source's checkpoint as it is in the log now; null when there is none.</summary>
    public async ValueTask<Checkpoint?> ReadAsync(string source, CancellationToken cancellationToken)
    {
        var place = topics.CheckpointPlace(source);
        var end = (await topics.ReadEndsAsync([place], cancellationToken))[place];
        await clients.AskAsync("the checkpoints cannot be read", stop => CatchUpAsync(place.Partition, end, stop), cancellationToken);
        lock (gate)
            return newest.GetValueOrDefault(source).Checkpoint;
    }

    /// <summary>The same for the one that writes it: what is known here is the newest.</summary>
    public async ValueTask<Checkpoint?> KnownAsync(string source, CancellationToken cancellationToken)
    {
        lock (gate)
            if (newest.TryGetValue(source, out var known))
                return known.Checkpoint;
        return await ReadAsync(source, cancellationToken);
    }

    /// <summary>Takes note of what was committed, before the cluster shows it.</summary>
    /// <param name="end">The offset behind the checkpoint's record.</param>
    public void Written(string source, Checkpoint? checkpoint, long end)
    {
        lock (gate)
            if (end >= newest.GetValueOrDefault(source).End)
                newest[source] = (checkpoint, end);
    }

    public async ValueTask DisposeAsync()
    {
        // Not under a reading that is under way.
        await reading.WaitAsync(CancellationToken.None);
        await BlockingCalls.OnThreadAsync(() => consumer?.Dispose());
    }

    private async Task<bool> CatchUpAsync(int partition, long end, CancellationToken cancellationToken)
    {
        await reading.WaitAsync(cancellationToken);
        try
        {
            await BlockingCalls.OnThreadAsync(() => ReadTo(partition, end, cancellationToken));
            return true;
        }
        finally
        {
            reading.Release();
        }
    }

    private void ReadTo(int partition, long end, CancellationToken cancellationToken)
    {
        consumer ??= clients.Build(() => clients.Consumer<byte[], byte[]>(topics.GroupOf("hub-checkpoints")).Build());
        if (!next.ContainsKey(partition))
            Begin(partition, cancellationToken);
        var heard = clients.Options.Time.GetTimestamp();
        while (next[partition] < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (consumer.Consume(Slice) is not { } record)
            {
                if (clients.Options.Time.GetElapsedTime(heard) > clients.Options.Timeout)
                    throw new KafkaException(new Error(ErrorCode.Local_TimedOut, "no broker sends them"));
                continue;
            }

            heard = clients.Options.Time.GetTimestamp();
            next[record.Partition.Value] = record.IsPartitionEOF ? Math.Max(record.Offset.Value, next[record.Partition.Value]) : record.Offset.Value + 1;
            if (!record.IsPartitionEOF)
                Take(record);
        }
    }

    private void Take(ConsumeResult<byte[], byte[]> record)
    {
        var source = Encoding.UTF8.GetString(record.Message.Key);
        try
        {
            Written(source, record.Message.Value is { } value ? CheckpointCodec.Read(source, value) : null, record.Offset.Value + 1);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException(new Finding(
                Codes.LogDamaged, Severity.Error, $"{record.TopicPartitionOffset}", $"the checkpoint of the source '{source}' cannot be read: {failure.Message}",
                "Did somebody else write to this topic? Give Hub a kafka.prefix of its own."), failure);
        }
    }

    private void Begin(int partition, CancellationToken cancellationToken)
    {
        var place = new Confluent.Kafka.TopicPartition(topics.NameOf(KafkaTopics.Checkpoints), partition);
        var least = BlockingCalls.Run(limit => consumer!.QueryWatermarkOffsets(place, limit), clients, cancellationToken).Low.Value;
        consumer!.IncrementalAssign([new TopicPartitionOffset(place, least)]);
        next[partition] = least;
    }
}
