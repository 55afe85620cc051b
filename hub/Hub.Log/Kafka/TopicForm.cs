using System.Globalization;
using Confluent.Kafka.Admin;

namespace Hub.Log.Kafka;

/// <summary>How a topic of the log is made.</summary>
internal static class TopicForm
{
    // An index that was away for longer does not learn what was deleted meanwhile. A day, Kafka's own, is less than a weekend.
    private static readonly TimeSpan DeletesAreKept = TimeSpan.FromDays(14);

    public static Dictionary<string, string> SettingsOf(KafkaLogOptions options, string topic)
    {
        var settings = new Dictionary<string, string>
        {
            ["cleanup.policy"] = "compact",
            ["max.message.bytes"] = KafkaClients.MaxRecordBytes.ToString(CultureInfo.InvariantCulture),
            ["delete.retention.ms"] = DeletesAreKept.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (key, value) in options.TopicSettings)
            if (!(IsHubs(topic) && IsForgetting(key)))
                settings[key] = value;
        if (topic == KafkaTopics.Checkpoints)
            // Read in full at every start, so it is kept small.
            (settings["segment.bytes"], settings["min.cleanable.dirty.ratio"], settings["delete.retention.ms"]) = ("16777216", "0.05", "86400000");
        return settings;
    }

    /// <summary>What a topic has otherwise than Hub would have made it.</summary>
    public static IEnumerable<(string Key, string Has, string Wanted)> Differences(KafkaLogOptions options, string topic, DescribeConfigsResult there)
        => from one in SettingsOf(options, topic)
           let has = there.Entries.GetValueOrDefault(one.Key)?.Value
           where has is not null && has != one.Value
           select (one.Key, has, one.Value);

    /// <summary>What an operator types to make it.</summary>
    public static string CommandOf(KafkaLogOptions options, string topic, int partitions)
    {
        var copies = options.Replication > 0 ? $" --replication-factor {options.Replication}" : "";
        var settings = string.Concat(SettingsOf(options, topic).Select(one => $" --config {one.Key}={one.Value}"));
        return $"kafka-topics.sh --bootstrap-server {options.Bootstrap} --create --topic {options.Prefix}{topic} --partitions {partitions}{copies}{settings}";
    }

    /// <summary>Places, schemas and dead letters: what is there is there once, and nobody can send it again.</summary>
    private static bool IsHubs(string topic) => topic.StartsWith("hub.", StringComparison.Ordinal);

    private static bool IsForgetting(string setting) => setting == "cleanup.policy" || setting.StartsWith("retention.", StringComparison.Ordinal);
}
