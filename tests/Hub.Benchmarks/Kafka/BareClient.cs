using Confluent.Kafka;

namespace Hub.Benchmarks.Kafka;

/// <summary>What a program does that uses the Kafka client alone, as well as it can be done: the settings are those of Hub.</summary>
internal sealed class BareClient : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly IProducer<byte[], byte[]> producer;
    private readonly string bootstrap;
    private readonly PaymentRecords records;
    private readonly string topic;
    private readonly TopicPartition[] places = [.. Enumerable.Range(0, PaymentRecords.Partitions).Select(partition => new TopicPartition("bare", partition))];

    public BareClient(string bootstrap, PaymentRecords records, string topic)
    {
        (this.bootstrap, this.records, this.topic) = (bootstrap, records, topic);
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build())
            admin.CreateTopicsAsync([new() { Name = "bare", NumPartitions = PaymentRecords.Partitions }, new() { Name = "bare.checkpoint", NumPartitions = 1 }]).GetAwaiter().GetResult();
        producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap, TransactionalId = "bare", CompressionType = CompressionType.Zstd, LingerMs = 0, MessageMaxBytes = 16 * 1024 * 1024,
            QueueBufferingMaxMessages = 0, QueueBufferingMaxKbytes = int.MaxValue / 1024, DeliveryReportFields = "none",
        }).Build();
        producer.InitTransactions(Limit);
    }

    /// <summary>Each batch and a record that stands for the checkpoint in a transaction of its own.</summary>
    public void Write(int batches)
    {
        for (var number = 0; number < batches; number++)
        {
            using var delivered = new CountdownEvent(PaymentRecords.Partitions + 1);
            producer.BeginTransaction();
            for (var i = 0; i < PaymentRecords.Count; i++)
                producer.Produce(places[records.Bare[i].Partition], MessageOf(i));
            // Commit alone would do, but takes longer, as it flushes.
            foreach (var place in places)
                producer.Produce(place, MessageOf(0), _ => delivered.Signal());
            producer.Produce("bare.checkpoint", new() { Key = "finance"u8.ToArray(), Value = "{}"u8.ToArray() }, _ => delivered.Signal());
            delivered.Wait();
            producer.CommitTransaction(Limit);
        }
    }

    /// <summary>The log's own topic, from its beginning.</summary>
    public void Read(int count)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrap, GroupId = "bare", IsolationLevel = IsolationLevel.ReadCommitted, EnableAutoCommit = false, EnableAutoOffsetStore = false, EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Error, QueuedMaxMessagesKbytes = 16 * 1024, MaxPartitionFetchBytes = 1024 * 1024, FetchMaxBytes = 8 * 1024 * 1024, FetchWaitMaxMs = 100,
            FetchQueueBackoffMs = 10,
            ConsumeResultFields = "headers,topic",
        }).Build();
        consumer.Assign(Enumerable.Range(0, PaymentRecords.Partitions).Select(partition => new TopicPartitionOffset(topic, partition, 0)));
        var sum = 0L;
        while (count > 0)
        {
            var result = consumer.Consume(Limit);
            if (result.IsPartitionEOF)
                continue;
            sum += result.Message.Value.Length;
            count--;
        }

        GC.KeepAlive(sum);
    }

    public void Dispose() => producer.Dispose();

    private Message<byte[], byte[]> MessageOf(int index)
        => new() { Key = records.Bare[index].Key, Value = records.Bare[index].Value, Headers = records.HeadersOf(index) };
}
