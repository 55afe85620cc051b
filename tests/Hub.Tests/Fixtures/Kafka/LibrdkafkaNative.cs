using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>The functions of librdkafka's own cluster, in the very file that Confluent.Kafka has loaded.</summary>
internal static class LibrdkafkaNative
{
    private const string Native = "librdkafka";

    static LibrdkafkaNative()
    {
        // The package holds several builds; asking for the version makes it load the one that fits this machine.
        _ = Library.VersionString;
        NativeLibrary.SetDllImportResolver(typeof(LibrdkafkaNative).Assembly, Resolve);
    }

    [DllImport(Native)]
    public static extern nint rd_kafka_conf_new();

    [DllImport(Native)]
    public static extern int rd_kafka_conf_set(nint conf, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, byte[] error, nuint errorSize);

    [DllImport(Native)]
    public static extern nint rd_kafka_new(int type, nint conf, byte[] error, nuint errorSize);

    [DllImport(Native)]
    public static extern void rd_kafka_destroy(nint client);

    [DllImport(Native)]
    public static extern nint rd_kafka_mock_cluster_new(nint client, int brokers);

    [DllImport(Native)]
    public static extern void rd_kafka_mock_cluster_destroy(nint cluster);

    [DllImport(Native)]
    public static extern nint rd_kafka_mock_cluster_bootstraps(nint cluster);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_topic_create(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partitions, int replicas);

    [DllImport(Native)]
    public static extern void rd_kafka_mock_topic_set_error(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, ErrorCode error);

    [DllImport(Native)]
    public static extern void rd_kafka_mock_push_request_errors_array(nint cluster, ApiKey key, nuint count, int[] errors);

    [DllImport(Native)]
    public static extern void rd_kafka_mock_clear_request_errors(nint cluster, ApiKey key);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_partition_set_leader(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partition, int broker);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_coordinator_set(
        nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string type, [MarshalAs(UnmanagedType.LPUTF8Str)] string key, int broker);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_broker_set_down(nint cluster, int broker);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_broker_set_up(nint cluster, int broker);

    [DllImport(Native)]
    public static extern ErrorCode rd_kafka_mock_broker_set_rtt(nint cluster, int broker, int milliseconds);

    [DllImport(Native)]
    public static extern void rd_kafka_mock_group_initial_rebalance_delay_ms(nint cluster, int milliseconds);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? paths)
        => name != Native ? 0 : LoadedFile() is { } file ? NativeLibrary.Load(file) : NativeLibrary.Load(Native, typeof(Library).Assembly, paths);

    // Linux lists the files that a process has mapped; elsewhere the package holds one build and its name leads to it.
    private static string? LoadedFile()
        => !OperatingSystem.IsLinux() ? null : (
            from line in File.ReadLines("/proc/self/maps")
            let start = line.IndexOf('/', StringComparison.Ordinal)
            where start > 0 && line.EndsWith("librdkafka.so", StringComparison.Ordinal)
            select line[start..]).FirstOrDefault();
}
