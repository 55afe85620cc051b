using System.Globalization;
using Confluent.Kafka.Admin;

namespace Hub.Log.Kafka;

/// <summary>The settings that Hub gives to a topic.</summary>
internal static class TopicSettings
{
    public static Dictionary<string, string> Of(string topic, KafkaLogOptions options)
    {
        var settings = new Dictionary<string, string>
        {
            ["cleanup.policy"] = "compact",
            ["max.message.bytes"] = KafkaClients.MaxRecordBytes.ToString(CultureInfo.InvariantCulture),
        };
        if (topic == KafkaTopics.Checkpoints)
        {
            // Read in full at every start, so it is kept small.
            (settings["segment.bytes"], settings["min.cleanable.dirty.ratio"]) = ("16777216", "0.05");
            return settings;
        }

        foreach (var (key, value) in options.TopicSettings)
            settings[key] = value;
        return settings;
    }

    /// <summary>What a topic has otherwise than Hub would have made it.</summary>
    public static IEnumerable<(string Key, string Has, string Wanted)> Differences(string topic, KafkaLogOptions options, DescribeConfigsResult there)
        => from one in Of(topic, options)
           let has = there.Entries.GetValueOrDefault(one.Key)?.Value
           where has is not null && has != one.Value
           select (one.Key, has, one.Value);
}
