using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Hub.Connectors.Debezium;

/// <summary>A topic as the brokers know it.</summary>
internal sealed record TopicState(string? Id, int Partitions);

/// <summary>The Kafka client of one source. It assigns partitions itself, so that the place is Hub's alone; its calls wait in a thread of their own.</summary>
internal sealed class DebeziumConsumer : IAsyncDisposable
{
    private readonly DebeziumSourceOptions options;
    private readonly IConsumer<byte[], byte[]> consumer;
    private readonly IAdminClient admin;
    private volatile Error? failure;
    private bool tellsIds = true;

    /// <exception cref="InvalidOperationException">The client does not take its settings.</exception>
    public DebeziumConsumer(DebeziumSourceOptions options)
    {
        this.options = options;
        var config = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["group.id"] = $"hub-{options.Name}",
            ["client.id"] = $"hub-{options.Name}",
            ["queued.max.messages.kbytes"] = "16384",
            ["fetch.wait.max.ms"] = "100",
            // Bounds how long the end of the client waits, with a commit that no broker answers; Hub joins no group.
            ["session.timeout.ms"] = ((long)options.Timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (key, value) in options.Client)
            config[key] = value;
        config["bootstrap.servers"] = options.Bootstrap;
        config["isolation.level"] = "read_committed";
        config["enable.partition.eof"] = "true";
        config["auto.offset.reset"] = "error";
        config["allow.auto.create.topics"] = "false";
        // The group's offsets show others how far Hub is; nothing of Hub reads them.
        config["enable.auto.commit"] = "true";
        config["enable.auto.offset.store"] = "false";
        consumer = new ConsumerBuilder<byte[], byte[]>(config).SetErrorHandler((_, error) => Remember(error)).SetLogHandler((_, _) => { }).Build();
        admin = new DependentAdminClientBuilder(consumer.Handle).Build();
    }

    /// <summary>What the topic is like, or null when there is none.</summary>
    public async Task<TopicState?> LookAsync(string topic)
    {
        var metadata = await Task.Run(() => admin.GetMetadata(topic, options.Timeout).Topics.Single(found => found.Topic == topic));
        if (metadata.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
            return null;
        if (metadata.Error.IsError)
            throw new KafkaException(metadata.Error);
        return new(await IdAsync(topic), metadata.Partitions.Count);
    }

    /// <summary>The first and the next offset of a partition, as far as its transactions are decided.</summary>
    public Task<WatermarkOffsets> EndsAsync(TopicPartition partition) => Task.Run(() => consumer.QueryWatermarkOffsets(partition, options.Timeout));

    public void Assign(IEnumerable<PartitionReader> partitions)
        => consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(partition.Partition, partition.Place.Next)));

    /// <summary>What has arrived already, or null.</summary>
    /// <exception cref="KafkaException">No broker answers, or a partition cannot be read.</exception>
    public ConsumeResult<byte[], byte[]>? Take()
    {
        if (failure is { } error)
        {
            failure = null;
            throw new KafkaException(error);
        }

        return consumer.Consume(TimeSpan.Zero);
    }

    /// <summary>What arrives next, or null when nothing does for a while.</summary>
    public Task<ConsumeResult<byte[], byte[]>?> WaitAsync(TimeSpan time, CancellationToken cancellationToken)
        => Task.Run<ConsumeResult<byte[], byte[]>?>(() => consumer.Consume(time), cancellationToken);

    /// <summary>Lets the group's offsets be committed, now and then.</summary>
    public void Store(DebeziumPosition position)
    {
        foreach (var partition in consumer.Assignment)
            if (position.Topics.TryGetValue(partition.Topic, out var topic) && partition.Partition.Value < topic.Partitions.Length)
                consumer.StoreOffset(new TopicPartitionOffset(partition, topic.Partitions[partition.Partition.Value].Next));
    }

    public async ValueTask DisposeAsync()
        => await Task.Run(() =>
        {
            admin.Dispose();
            consumer.Dispose();
        });

    private void Remember(Error error)
    {
        if (error.IsFatal || error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed)
            failure = error;
    }

    /// <summary>
    /// Brokers before 3.1, and some that speak Kafka's protocol, tell no ids of topics. They are asked once and not for long; what an
    /// id would tell is then told by offsets alone.
    /// </summary>
    private async Task<string?> IdAsync(string topic)
    {
        if (!tellsIds)
            return null;
        try
        {
            var described = await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), new() { RequestTimeout = options.Timeout / 10 });
            if (described.TopicDescriptions.Single().TopicId is { } id && (id.MostSignificantBits | id.LeastSignificantBits) != 0)
                return id.ToString();
        }
        catch (KafkaException)
        {
        }

        tellsIds = false;
        return null;
    }
}
