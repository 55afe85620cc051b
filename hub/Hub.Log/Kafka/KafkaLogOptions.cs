using System.Collections.Immutable;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Ops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hub.Log.Kafka;

/// <summary>Which Kafka holds the log, and how its topics are made.</summary>
public sealed record KafkaLogOptions
{
    /// <summary>Client properties that Hub sets itself, because what it promises rests on them.</summary>
    private static readonly string[] Owned =
    [
        "bootstrap.servers", "metadata.broker.list", "transactional.id", "enable.idempotence", "acks", "request.required.acks", "isolation.level", "group.id", "group.instance.id", "enable.auto.commit",
        "enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof", "partition.assignment.strategy", "transaction.timeout.ms", "session.timeout.ms",
    ];

    // A topic's name has 249 letters at most.
    private const int LongestPrefix = 100;

    /// <summary>Addresses to begin with, such as <c>kafka1:9092,kafka2:9092</c>.</summary>
    public string Bootstrap { get; init; } = "";

    /// <summary>Stands before the name of every topic, group and transactional id, so that several Hubs share one cluster.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether missing topics are made; otherwise they are asked for.</summary>
    public bool CreateTopics { get; init; } = true;

    /// <summary>Copies of a topic that is made; -1 leaves it to the cluster.</summary>
    public short Replication { get; init; } = -1;

    /// <summary>Settings of the topics that are made, over Hub's own, such as <c>retention.ms</c>.</summary>
    public IReadOnlyDictionary<string, string> TopicSettings { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Properties of the client library, such as <c>security.protocol</c>. May be secret.</summary>
    public IReadOnlyDictionary<string, string> ClientSettings { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>How long one request may take before it is told as a failure.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A Hub that is silent for so long is taken for dead, and another takes over its sources and partitions.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A transaction that is open for so long is undone by the cluster; until then it holds readers back.</summary>
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>How a topic is made; a test's cluster may have its own way.</summary>
    internal Func<IAdminClient, TopicSpecification, CreateTopicsOptions, Task> CreateTopicAsync { get; init; } = (admin, topic, options) => admin.CreateTopicsAsync([topic], options);

    /// <summary>What is wrong with <see cref="Prefix"/>; null when names may begin with it.</summary>
    public static Finding? CheckPrefix(string prefix, string place)
        => prefix.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-') && prefix.Length <= LongestPrefix
            ? null
            : new(Codes.SettingInvalid, Severity.Error, place, $"names of topics cannot begin with '{prefix}'.", $"Write up to {LongestPrefix} letters, digits, dots, underscores and hyphens, such as district.");

    /// <summary>What is wrong with a property of <see cref="ClientSettings"/>; null when it may be set.</summary>
    public static Finding? CheckClientSetting(string property, string place)
        => Owned.Contains(property, StringComparer.Ordinal)
            ? new(Codes.SettingInvalid, Severity.Error, place, $"'{property}' is set by Hub itself.", "Leave it out.")
            : null;
}
