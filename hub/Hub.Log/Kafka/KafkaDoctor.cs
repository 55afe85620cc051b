using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>Connects to the cluster and says what stands in the way of a log on it, for <c>hub doctor</c>. Changes nothing.</summary>
public static class KafkaDoctor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="topics">The topics of the log without their prefix, and how many partitions each is set to have. One that is missing is told only where Hub does not make it.</param>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(KafkaLogOptions options, IReadOnlyDictionary<string, int> topics, CancellationToken cancellationToken)
    {
        var clients = new KafkaClients(options with { Timeout = Patience });
        var admin = clients.Admin();
        try
        {
            var metadata = await BlockingCalls.OnThreadAsync(() => BlockingCalls.Run(limit => Ask(clients, admin, limit), clients, cancellationToken));
            var wanted = KafkaTopics.Own.Concat(topics).ToDictionary(topic => options.Prefix + topic.Key, topic => topic.Value, StringComparer.Ordinal);
            var there = metadata.Topics.Where(topic => wanted.ContainsKey(topic.Topic)).ToList();
            return
            [
                new(Codes.Examined, Severity.Information, options.Bootstrap, $"Kafka answers: {metadata.Brokers.Count} brokers, {there.Count} of {wanted.Count} topics are there."),
                .. FindMissing(options, wanted, there),
                .. there.SelectMany(topic => ExamineForm(topic, wanted[topic.Topic], metadata.Brokers.Count, options)),
                .. await ExamineSettingsAsync(admin, options, there, cancellationToken),
            ];
        }
        catch (KafkaException failure)
        {
            return clients.Explain(failure, "Kafka cannot be asked").Findings;
        }
        catch (HubException failure)
        {
            return failure.Findings;
        }
        finally
        {
            await BlockingCalls.OnThreadAsync(admin.Dispose);
        }
    }

    /// <summary>All that are missing where Hub makes none, lest they be found one after the other.</summary>
    private static IEnumerable<Finding> FindMissing(KafkaLogOptions options, Dictionary<string, int> wanted, List<TopicMetadata> there)
        => options.CreateTopics ? [] : wanted.Where(topic => !there.Exists(found => found.Topic == topic.Key)).Select(topic => new Finding(
            Codes.TopicMissing, Severity.Error, topic.Key, "the topic is missing, and kafka.createTopics is false.", TopicForm.CommandOf(options, topic.Key[options.Prefix.Length..], topic.Value)));

    /// <summary>Waits no longer than until it is known that no broker can be reached.</summary>
    private static Metadata Ask(KafkaClients clients, IAdminClient admin, TimeSpan limit)
    {
        try
        {
            return admin.GetMetadata(limit);
        }
        catch (KafkaException failure) when (clients.Trouble.IsEverywhere)
        {
            throw clients.Explain(failure, "Kafka cannot be asked");
        }
    }

    private static IEnumerable<Finding> ExamineForm(TopicMetadata topic, int partitions, int brokers, KafkaLogOptions options)
    {
        if (topic.Partitions.Count != partitions)
            yield return Drift(topic.Topic, $"the topic has {topic.Partitions.Count} partitions, {partitions} are set.", "It keeps its own, since another number would break the order of what is in it; set logPartitions to it, or begin with a new kafka.prefix.");
        var copies = topic.Partitions.Min(partition => (int?)partition.Replicas.Length) ?? 0;
        if (options.Replication > 0 ? copies != options.Replication : copies < 2 && brokers > 1)
            yield return Drift(
                topic.Topic, copies < 2 ? "the topic has one copy only, so the loss of one broker loses what is in it." : $"the topic has {copies} copies, {options.Replication} are set.",
                "Give it more with kafka-reassign-partitions.sh, and set kafka.replication for new ones.");
    }

    private static async Task<IReadOnlyList<Finding>> ExamineSettingsAsync(IAdminClient admin, KafkaLogOptions options, List<TopicMetadata> topics, CancellationToken cancellationToken)
    {
        if (topics.Count == 0)
            return [];
        try
        {
            var answer = await admin.DescribeConfigsAsync(
                topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic.Topic }), new() { RequestTimeout = Patience }).WaitAsync(cancellationToken);
            return [.. answer.SelectMany(topic => ExamineSettings(topic, options))];
        }
        catch (KafkaException failure)
        {
            return [new(Codes.TopicSettings, Severity.Warning, options.Bootstrap, $"the settings of the topics cannot be read: {failure.Error.Reason}.", "Give Hub's user DescribeConfigs on its topics, or look at cleanup.policy yourself: it should be compact.")];
        }
    }

    /// <summary>Besides what was not set: a topic that forgets by age cannot rebuild the index.</summary>
    private static IEnumerable<Finding> ExamineSettings(DescribeConfigsResult topic, KafkaLogOptions options)
    {
        var name = topic.ConfigResource.Name;
        var policy = topic.Entries.GetValueOrDefault("cleanup.policy")?.Value ?? "";
        if (policy.Contains("delete", StringComparison.Ordinal))
            yield return Drift(name, $"the topic has cleanup.policy={policy}: what it forgets by age cannot be indexed again.", Change("cleanup.policy", "compact"));
        foreach (var (key, has, wanted) in TopicForm.Differences(options, name[options.Prefix.Length..], topic).Where(one => one.Key != "cleanup.policy" || !policy.Contains("delete", StringComparison.Ordinal)))
            yield return Drift(name, $"the topic has {key}={has}, {wanted} is set.", Change(key, wanted));

        string Change(string key, string value) => $"kafka-configs.sh --bootstrap-server {options.Bootstrap} --alter --topic {name} --add-config {key}={(value.Contains(',', StringComparison.Ordinal) ? $"[{value}]" : value)}";
    }

    private static Finding Drift(string topic, string message, string suggestion) => new(Codes.TopicSettings, Severity.Warning, topic, message, suggestion);
}
