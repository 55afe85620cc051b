using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using static Hub.Tests.Fixtures.Kafka.LibrdkafkaNative;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>
/// librdkafka's own cluster: brokers 1 to n on free loopback ports, in memory, in this process. It speaks the real protocol and takes
/// transactions, but shows aborted and open ones to every reader; <see cref="TransactionalBroker"/> hides them. It knows no administration,
/// and keeps only about the newest 5 MB of each partition.
/// </summary>
public sealed class LibrdkafkaCluster : IAsyncDisposable
{
    private const int ErrorSize = 512;
    private const int ProducerType = 0;
    private readonly int brokers;
    private readonly nint client;
    private readonly nint cluster;
    private bool disposed;

    public LibrdkafkaCluster(int brokers = 1)
    {
        this.brokers = brokers;
        client = NewClient();
        cluster = rd_kafka_mock_cluster_new(client, brokers);
        if (cluster == 0)
            throw new InvalidOperationException("librdkafka made no cluster");
        Bootstrap = Marshal.PtrToStringUTF8(rd_kafka_mock_cluster_bootstraps(cluster))!;
        RebalanceDelay(TimeSpan.Zero);
    }

    /// <summary>The brokers' addresses, as a client's <c>bootstrap.servers</c>.</summary>
    public string Bootstrap { get; }

    public void CreateTopic(string name, int partitions) => Check(rd_kafka_mock_topic_create(cluster, name, partitions, brokers));

    /// <summary>The next requests of the kind fail, one with each error; <see cref="ErrorCode.Local_Transport"/> closes the connection instead.</summary>
    public void Fail(ApiKey key, params ErrorCode[] errors) => rd_kafka_mock_push_request_errors_array(cluster, key, (nuint)errors.Length, [.. errors.Cast<int>()]);

    /// <summary>Forgets the failures of the kind that have not happened yet.</summary>
    public void StopFailing(ApiKey key) => rd_kafka_mock_clear_request_errors(cluster, key);

    /// <summary>Metadata and transactions answer with the error for the topic, until it is set to <see cref="ErrorCode.NoError"/>.</summary>
    public void FailTopic(string topic, ErrorCode error) => rd_kafka_mock_topic_set_error(cluster, topic, error);

    /// <summary>Moves a partition to another broker; -1 leaves it without a leader.</summary>
    public void SetLeader(string topic, int partition, int broker) => Check(rd_kafka_mock_partition_set_leader(cluster, topic, partition, broker));

    /// <summary>Moves a consumer group to another broker.</summary>
    public void SetGroupCoordinator(string group, int broker) => Check(rd_kafka_mock_coordinator_set(cluster, "group", group, broker));

    /// <summary>Moves a transactional id to another broker.</summary>
    public void SetTransactionCoordinator(string id, int broker) => Check(rd_kafka_mock_coordinator_set(cluster, "transaction", id, broker));

    /// <summary>Cuts a broker's connections and takes no new ones; partitions keep their leader. -1 means every broker.</summary>
    public void BrokerDown(int id) => Check(rd_kafka_mock_broker_set_down(cluster, id));

    public void BrokerUp(int id) => Check(rd_kafka_mock_broker_set_up(cluster, id));

    /// <summary>Each answer of the broker takes that long from now on. -1 means every broker.</summary>
    public void RoundTrip(int id, TimeSpan time) => Check(rd_kafka_mock_broker_set_rtt(cluster, id, (int)time.TotalMilliseconds));

    /// <summary>How long a new consumer group waits for more members; none unless it is set.</summary>
    public void RebalanceDelay(TimeSpan time) => rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, (int)time.TotalMilliseconds);

    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        // Both wait for threads to end.
        await Task.Run(() =>
        {
            rd_kafka_mock_cluster_destroy(cluster);
            rd_kafka_destroy(client);
        });
    }

    // A cluster belongs to a client, which does nothing else here.
    private static nint NewClient()
    {
        var error = new byte[ErrorSize];
        var conf = rd_kafka_conf_new();
        // Brokers going down are what tests do on purpose; nobody reads of it.
        if (rd_kafka_conf_set(conf, "log_level", "0", error, ErrorSize) != 0)
            throw new InvalidOperationException(Text(error));
        var client = rd_kafka_new(ProducerType, conf, error, ErrorSize);
        return client != 0 ? client : throw new InvalidOperationException(Text(error));
    }

    private static void Check(ErrorCode error)
    {
        if (error != ErrorCode.NoError)
            throw new KafkaException(error);
    }

    private static string Text(byte[] error) => Encoding.UTF8.GetString(error, 0, Array.IndexOf(error, (byte)0));
}
