namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>A topic as it was created.</summary>
internal sealed class Topic(string name, int partitions, IReadOnlyDictionary<string, string> settings)
{
    private static readonly Dictionary<string, string> Defaults = new(StringComparer.Ordinal)
    {
        ["cleanup.policy"] = "delete", ["compression.type"] = "producer", ["max.message.bytes"] = "1048588", ["min.insync.replicas"] = "1",
        ["retention.bytes"] = "-1", ["retention.ms"] = "604800000", ["delete.retention.ms"] = "86400000", ["min.compaction.lag.ms"] = "0", ["segment.ms"] = "604800000",
    };

    public string Name => name;

    public PartitionLog[] Partitions { get; } = [.. Enumerable.Range(0, partitions).Select(_ => new PartitionLog())];

    public int MaxBatchBytes => int.Parse(Setting("max.message.bytes").Value, System.Globalization.CultureInfo.InvariantCulture);

    public IEnumerable<string> SettingNames => Defaults.Keys.Union(settings.Keys, StringComparer.Ordinal);

    public (string Value, bool IsDefault) Setting(string key) => settings.TryGetValue(key, out var value) ? (value, false) : (Defaults[key], true);
}
