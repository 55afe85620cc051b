using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>Connects to the cluster and says what stands in the way of a log on it, for <c>hub doctor</c>.</summary>
public static class KafkaDoctor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="wanted">The topics that Hub will use beside its own, with the partitions that they are made with.</param>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(KafkaLogOptions options, IReadOnlyDictionary<string, int> wanted, CancellationToken cancellationToken)
    {
        var clients = new KafkaClients(options with { Timeout = Patience });
        using var admin = clients.Admin();
        try
        {
            var metadata = await Task.Run(() => admin.GetMetadata(Patience), cancellationToken);
            var topics = metadata.Topics.Where(topic => topic.Topic.StartsWith(options.Prefix, StringComparison.Ordinal)).ToList();
            List<Finding> findings =
            [
                new(Codes.Examined, Severity.Information, options.Bootstrap, $"Kafka answers: {metadata.Brokers.Count} brokers, {topics.Count(topic => topic.Topic[options.Prefix.Length..].Contains('.', StringComparison.Ordinal))} topics that may be Hub's."),
            ];
            if (metadata.Brokers.Count > 1 && topics.Where(topic => topic.Partitions.Exists(partition => partition.Replicas.Length < 2)).Select(topic => topic.Topic).ToList() is { Count: > 0 } single)
                findings.Add(new(Codes.TopicSettings, Severity.Warning, options.Bootstrap, $"one copy only, so the loss of one broker loses what is in it: {string.Join(", ", single)}.", "Give the topics more replicas, and set kafka.replication for new ones."));
            if (!options.CreateTopics)
                findings.AddRange(FindMissing(options, wanted, topics));
            findings.AddRange(await ExamineSettingsAsync(admin, options, topics, cancellationToken));
            return findings;
        }
        catch (KafkaException failure)
        {
            return KafkaFailures.Explain(failure, options.Bootstrap, "Kafka cannot be asked").Findings;
        }
    }

    /// <summary>All of them, lest they be found one after the other.</summary>
    private static IEnumerable<Finding> FindMissing(KafkaLogOptions options, IReadOnlyDictionary<string, int> wanted, List<TopicMetadata> topics)
        => wanted.Append(new(KafkaTopics.Checkpoints, KafkaTopics.CheckpointPartitions)).Append(new(KafkaTopics.Leases, 1))
            .Where(topic => !topics.Exists(found => found.Topic == options.Prefix + topic.Key))
            .Select(topic => new Finding(
                Codes.TopicMissing, Severity.Error, options.Prefix + topic.Key, "the topic is missing, and kafka.createTopics is false.", TopicForm.CommandOf(options, topic.Key, topic.Value)));

    /// <summary>A topic that forgets by age cannot rebuild the index.</summary>
    private static async Task<IReadOnlyList<Finding>> ExamineSettingsAsync(IAdminClient admin, KafkaLogOptions options, List<TopicMetadata> topics, CancellationToken cancellationToken)
    {
        if (topics.Count == 0)
            return [];
        try
        {
            var answer = await admin.DescribeConfigsAsync(
                topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic.Topic }), new() { RequestTimeout = Patience }).WaitAsync(cancellationToken);
            return
            [
                .. answer.Where(topic => topic.Entries.TryGetValue("cleanup.policy", out var policy) && policy.Value.Contains("delete", StringComparison.Ordinal))
                    .Select(topic => new Finding(
                        Codes.TopicSettings, Severity.Warning, topic.ConfigResource.Name, $"the topic has cleanup.policy={topic.Entries["cleanup.policy"].Value}: what it forgets by age cannot be indexed again.",
                        $"kafka-configs.sh --bootstrap-server {options.Bootstrap} --alter --topic {topic.ConfigResource.Name} --add-config cleanup.policy=compact")),
            ];
        }
        catch (KafkaException failure)
        {
            return [new(Codes.TopicSettings, Severity.Warning, options.Bootstrap, $"the settings of the topics cannot be read: {failure.Error.Reason}.", "Give Hub's user DescribeConfigs on its topics, or look at cleanup.policy yourself: it should be compact.")];
        }
    }
}
