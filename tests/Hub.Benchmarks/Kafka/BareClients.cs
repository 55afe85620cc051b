using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Log.Kafka;
using TopicPartition = Confluent.Kafka.TopicPartition;

namespace Hub.Benchmarks.Kafka;

/// <summary>What a program without Hub would do: everything is ready as the library wants it before the clock runs.</summary>
internal sealed class BareClients(KafkaLogOptions options, string topic)
{
    private readonly KafkaClients clients = new(options);
    private IProducer<byte[], byte[]?>? producer;

    public string Topic => $"bare.{topic}";

    public (TopicPartition Place, Message<byte[], byte[]?> Message)[] MessagesOf(LogBatch batch)
        => [.. Enumerable.Range(0, batch.Count).Select(i => (new TopicPartition(Topic, batch[i].Place.Partition), MessageOf(batch, batch[i])))];

    public Task AppendAsync((TopicPartition Place, Message<byte[], byte[]?> Message)[][] batches) => Task.Run(() =>
    {
        if (producer is null)
        {
            producer = clients.Producer("bare");
            producer.InitTransactions(clients.Options.Timeout);
        }

        var checkpoint = new TopicPartition("hub.checkpoint", 0);
        foreach (var batch in batches)
        {
            producer.BeginTransaction();
            foreach (var (place, message) in batch)
                producer.Produce(place, message);
            producer.Produce(checkpoint, new Message<byte[], byte[]?> { Key = "bare"u8.ToArray(), Value = "{}"u8.ToArray() });
            producer.CommitTransaction(clients.Options.Timeout);
        }
    });

    public Task ReadAsync(int partitions, int count) => Task.Run(() =>
    {
        using var consumer = clients.Consumer<byte[], byte[]>("bare").Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(Topic, partition, 0)));
        for (var left = count; left > 0;)
            if (consumer.Consume(clients.Options.Timeout) is { IsPartitionEOF: false })
                left--;
    });

    private static Message<byte[], byte[]?> MessageOf(LogBatch batch, LogEntry entry) => new()
    {
        Key = batch.Bytes(entry.Key).ToArray(),
        Value = batch.Bytes(entry.Value).ToArray(),
        Headers =
        [
            new Header(KafkaHeaders.SourceKey, Encoding.UTF8.GetBytes(entry.Source)), new Header(KafkaHeaders.OperationKey, Digits((long)entry.Operation)),
            new Header(KafkaHeaders.VersionKey, Digits(entry.Version)), new Header(KafkaHeaders.OccurredAtKey, Digits(entry.OccurredAt)),
            new Header(KafkaHeaders.PositionKey, batch.Bytes(entry.Position).ToArray()),
        ],
    };

    private static byte[] Digits(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
