using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Log;
using Hub.Core.Ops;
using Microsoft.Extensions.Logging;
using Partitioner = Hub.Core.Log.Partitioner;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Log.Kafka;

/// <summary>The topics of one log: made or checked once, and where they end.</summary>
internal sealed partial class KafkaTopics(KafkaClients clients) : IAsyncDisposable
{
    /// <summary>Holds the places of sources: compacted, keyed by source.</summary>
    public const string Checkpoints = "hub.checkpoint";

    /// <summary>Holds nothing: who reads its partition in a source's group is the one that reads the source.</summary>
    public const string Leases = "hub.lease";

    // Several, so that a transaction of one source that hangs does not hide the checkpoint of another.
    private const int CheckpointPartitions = 16;

    /// <summary>Hub's own topics, and how many partitions each has.</summary>
    public static readonly IReadOnlyDictionary<string, int> Own = new Dictionary<string, int> { [Checkpoints] = CheckpointPartitions, [Leases] = 1 };

    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IAdminClient admin = clients.Admin();
    private readonly ILogger logger = clients.Options.Logger;
    private readonly SemaphoreSlim making = new(1);
    private readonly SemaphoreSlim looking = new(1);
    private readonly ConcurrentDictionary<string, int> partitions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TopicPartition, long> ends = new();

    /// <summary>The name that the cluster knows the topic by.</summary>
    public string NameOf(string topic) => clients.Options.Prefix + topic;

    public string GroupOf(string group) => clients.Options.Prefix + group;

    public TopicPartition CheckpointPlace(string source) => new(Checkpoints, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(source), CheckpointPartitions));

    public IEnumerable<TopicPartition> PartitionsOf(string topic)
        => partitions.TryGetValue(topic, out var count)
            ? Enumerable.Range(0, count).Select(partition => new TopicPartition(topic, partition))
            : throw new ArgumentException($"The log has no topic {topic}.");

    /// <summary>The topics that were made or looked at, without Hub's own.</summary>
    public IReadOnlyCollection<string> Known => [.. partitions.Keys.Where(topic => topic is not (Checkpoints or Leases))];

    /// <exception cref="ArgumentException">An entry is for a partition that there is not.</exception>
    public async ValueTask CheckAsync(LogBatch entries, CancellationToken cancellationToken)
    {
        var (topic, count) = ("", 0);
        for (var i = 0; i < entries.Count; i++)
        {
            var place = entries[i].Place;
            if (!ReferenceEquals(place.Topic, topic))
                (topic, count) = (place.Topic, partitions.TryGetValue(place.Topic, out var known) ? known : (await LookAsync([place.Topic], cancellationToken)).Count());
            if ((uint)place.Partition >= (uint)count)
                throw new ArgumentException($"The log has no partition {place}.");
        }
    }

    /// <summary>The partitions of topics that another process, or an earlier one, may have made.</summary>
    /// <exception cref="ArgumentException">There is no such topic.</exception>
    public async ValueTask<IEnumerable<TopicPartition>> LookAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        await FindAsync(names, cancellationToken);
        return names.Distinct(StringComparer.Ordinal).SelectMany(PartitionsOf);
    }

    /// <summary>The same, without those that are missing.</summary>
    public async ValueTask<IEnumerable<TopicPartition>> FindAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        foreach (var topic in names.Where(topic => !partitions.ContainsKey(topic)))
            if (await FindAsync(topic, cancellationToken) is { } count)
                partitions[topic] = count;
        return names.Distinct(StringComparer.Ordinal).Where(partitions.ContainsKey).SelectMany(PartitionsOf);
    }

    public Task EnsureOwnAsync(CancellationToken cancellationToken)
        => Task.WhenAll(Own.Select(topic => EnsureAsync(topic.Key, topic.Value, cancellationToken).AsTask()));

    public async ValueTask<int> EnsureAsync(string topic, int count, CancellationToken cancellationToken)
    {
        if (partitions.TryGetValue(topic, out var known))
            return known;
        await making.WaitAsync(cancellationToken);
        try
        {
            if (!partitions.ContainsKey(topic))
                partitions[topic] = await FindAsync(topic, cancellationToken)
                    ?? await clients.AskAsync($"the topic '{NameOf(topic)}' cannot be made", stop => MakeAsync(topic, count, stop), cancellationToken);
            return partitions[topic];
        }
        finally
        {
            making.Release();
        }
    }

    /// <summary>Makes known that a partition holds committed entries up to here.</summary>
    public void Written(TopicPartition place, long end) => ends.AddOrUpdate(place, end, (_, known) => Math.Max(known, end));

    /// <summary>What this process wrote itself counts at once, also while the cluster is still making it visible.</summary>
    public long EndOf(TopicPartition place) => ends.GetValueOrDefault(place);

    /// <summary>Asks the cluster where the partitions end for readers that see committed entries only.</summary>
    public async ValueTask<Dictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<TopicPartition> places, CancellationToken cancellationToken)
    {
        var asked = places.Select(place => new TopicPartitionOffsetSpec { TopicPartition = new(NameOf(place.Topic), place.Partition), OffsetSpec = OffsetSpec.Latest() });
        var options = new ListOffsetsOptions { IsolationLevel = IsolationLevel.ReadCommitted, RequestTimeout = clients.Options.Timeout };
        var isAgain = false;
        var answer = await clients.AskAgainAsync("the ends of topics cannot be read", async stop =>
        {
            // The client does not look by itself whether a leader has moved.
            if (isAgain)
                await LookAsync(stop);
            isAgain = true;
            return await admin.ListOffsetsAsync(asked, options).WaitAsync(stop);
        }, cancellationToken);
        var byName = answer.ResultInfos.ToDictionary(info => (info.TopicPartitionOffsetError.Topic, info.TopicPartitionOffsetError.Partition.Value), info => info.TopicPartitionOffsetError.Offset.Value);
        foreach (var place in places)
            Written(place, byName[(NameOf(place.Topic), place.Partition)]);
        return places.ToDictionary(place => place, EndOf);
    }

    /// <summary>What the group has committed, for the partitions where it has.</summary>
    public async ValueTask<Dictionary<TopicPartition, long>> ReadCommittedAsync(string group, IReadOnlyCollection<TopicPartition> places, CancellationToken cancellationToken)
    {
        var asked = new ConsumerGroupTopicPartitions(GroupOf(group), [.. places.Select(place => new Confluent.Kafka.TopicPartition(NameOf(place.Topic), place.Partition))]);
        var options = new ListConsumerGroupOffsetsOptions { RequestTimeout = clients.Options.Timeout };
        var answer = await clients.AskAgainAsync(
            $"the offsets of the group '{GroupOf(group)}' cannot be read", stop => admin.ListConsumerGroupOffsetsAsync([asked], options).WaitAsync(stop), cancellationToken);
        var byName = answer[0].Partitions.ToDictionary(one => (one.Topic, one.Partition.Value), one => one.Offset.Value);
        return places.Where(place => byName[(NameOf(place.Topic), place.Partition)] >= 0).ToDictionary(place => place, place => byName[(NameOf(place.Topic), place.Partition)]);
    }

    /// <summary>
    /// One of the topics that is not there any more; null when all are, or the cluster does not say. To whoever writes or reads, a topic that was
    /// deleted only looks like a cluster that is slow, or has nothing new.
    /// </summary>
    public HubException? FindMissing(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        looking.Wait(cancellationToken);
        try
        {
            // A reader may look while the log is being closed.
            var metadata = clients.IsClosed ? null : admin.GetMetadata(LookTime);
            return names.FirstOrDefault(name => metadata?.Topics.Exists(topic => topic.Topic == NameOf(name)) == false) is { } missing
                ? clients.Explain(new(ErrorCode.UnknownTopicOrPart), $"the topic '{NameOf(missing)}' cannot be used")
                : null;
        }
        catch (KafkaException)
        {
            // It is the cluster that does not answer.
            return null;
        }
        finally
        {
            looking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Not under a look that is under way.
        await looking.WaitAsync(CancellationToken.None);
        await BlockingCalls.OnThreadAsync(admin.Dispose);
        looking.Release();
    }

    private async Task<int?> FindAsync(string topic, CancellationToken cancellationToken)
    {
        // All topics: to ask for one that is missing makes it on many clusters, with the cluster's own settings.
        var metadata = await clients.AskAsync($"the topic '{NameOf(topic)}' cannot be looked at", LookAsync, cancellationToken);
        if (metadata.Topics.Find(found => found.Topic == NameOf(topic) && found.Error.Code is ErrorCode.NoError or ErrorCode.LeaderNotAvailable) is not { } there)
            return null;
        if (!clients.Options.CreateTopics)
            await CheckSettingsAsync(topic, cancellationToken);
        return there.Partitions.Count;
    }

    private async Task<Metadata> LookAsync(CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken);
        try
        {
            return await BlockingCalls.OnThreadAsync(() => BlockingCalls.Run(admin.GetMetadata, clients, cancellationToken));
        }
        finally
        {
            looking.Release();
        }
    }

    private async Task<int> MakeAsync(string topic, int count, CancellationToken cancellationToken)
    {
        if (!clients.Options.CreateTopics)
            throw new HubException(new Finding(
                Codes.TopicMissing, Severity.Error, clients.Place, $"the topic '{NameOf(topic)}' is missing, and kafka.createTopics is false.",
                $"{TopicForm.CommandOf(clients.Options, topic, count)} (hub doctor names all that are missing.)"));
        try
        {
            var specification = new TopicSpecification { Name = NameOf(topic), NumPartitions = count, ReplicationFactor = clients.Options.Replication, Configs = TopicForm.SettingsOf(clients.Options, topic) };
            var within = new CreateTopicsOptions { RequestTimeout = clients.Options.Timeout, OperationTimeout = clients.Options.Timeout };
            await clients.Options.CreateTopicAsync(admin, specification, within).WaitAsync(cancellationToken);
        }
        catch (CreateTopicsException failure) when (failure.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
        {
            // Another Hub was quicker.
        }

        return await SeeAsync(topic, count, cancellationToken);
    }

    /// <summary>A topic is made before every broker knows of it; until then it would be told as missing.</summary>
    private async Task<int> SeeAsync(string topic, int count, CancellationToken cancellationToken)
    {
        var (time, began) = (clients.Options.Time, clients.Options.Time.GetTimestamp());
        while (time.GetElapsedTime(began) < clients.Options.Timeout)
        {
            if (await FindAsync(topic, cancellationToken) is { } found)
                return found;
            await Task.Delay(Pause, time, cancellationToken);
        }

        return count;
    }

    /// <summary>A topic that forgets by age is told, once: what it forgets cannot be indexed again.</summary>
    private async Task CheckSettingsAsync(string topic, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await admin.DescribeConfigsAsync(
                [new ConfigResource { Type = ResourceType.Topic, Name = NameOf(topic) }], new() { RequestTimeout = TimeSpan.FromSeconds(5) }).WaitAsync(cancellationToken);
            foreach (var (key, has, wanted) in TopicForm.Differences(clients.Options, topic, answer[0]))
                LogSetting(NameOf(topic), key, has, wanted);
        }
        catch (KafkaException failure)
        {
            LogUnchecked(NameOf(topic), failure.Error.Reason);
        }
    }

    [LoggerMessage(EventId = 5010, Level = LogLevel.Warning, Message = "Topic {Topic} has {Setting}={Value}, Hub would have set {Wanted}; unless that is meant, change it with kafka-configs.sh")]
    private partial void LogSetting(string topic, string setting, string value, string wanted);

    [LoggerMessage(EventId = 5011, Level = LogLevel.Information, Message = "The settings of topic {Topic} could not be checked: {Reason}")]
    private partial void LogUnchecked(string topic, string reason);
}
