using System.Collections.Immutable;
using Hub.Core.Ops;
using Hub.Log.Kafka;

namespace Hub.Server.Hosting;

/// <summary>
/// Settings that go to Kafka as they are: <c>kafka.topic.&lt;setting&gt;</c> of topics that are made, and <c>kafka.&lt;property&gt;</c> of the
/// client library, such as <c>kafka.security.protocol</c>.
/// </summary>
internal static class KafkaProperties
{
    private const string Prefix = "kafka.";
    private const string TopicPrefix = "kafka.topic.";
    private const string VariablePrefix = "HUB_KAFKA_";

    /// <summary>The options with the property; null when the key is none.</summary>
    /// <exception cref="HubException">Hub sets the property itself.</exception>
    public static KafkaLogOptions? TryApply(KafkaLogOptions options, GivenSetting given)
    {
        if (given.Key.StartsWith(TopicPrefix, StringComparison.Ordinal) && given.Key.Length > TopicPrefix.Length)
            return options with { TopicSettings = ImmutableDictionary.CreateRange(options.TopicSettings).SetItem(given.Key[TopicPrefix.Length..], given.Value) };
        // Every property of the client library has a dot in it; a slip in one of Hub's own keys has not.
        if (!given.Key.StartsWith(Prefix, StringComparison.Ordinal) || !given.Key[Prefix.Length..].Contains('.', StringComparison.Ordinal))
            return null;
        var property = given.Key[Prefix.Length..];
        return KafkaLogOptions.CheckClientSetting(property, given.Place) is { } finding
            ? throw new HubException(finding)
            : options with { ClientSettings = ImmutableDictionary.CreateRange(options.ClientSettings).SetItem(property, given.Value) };
    }

    /// <summary>
    /// The key that an environment variable stands for: HUB_KAFKA_SASL_USERNAME is kafka.sasl.username. HUB_KAFKA_PASSWORD is none: no
    /// property is one word, so it is there for a place that names it, such as <c>${env:HUB_KAFKA_PASSWORD}</c>.
    /// </summary>
    public static string? KeyOf(string variable)
        => variable.StartsWith(VariablePrefix, StringComparison.Ordinal) && variable.AsSpan(VariablePrefix.Length).Contains('_')
            ? Prefix + variable[VariablePrefix.Length..].Replace('_', '.').ToLowerInvariant()
            : null;
}
