using System.Collections.Immutable;

namespace Hub.Core.Mapping;

/// <summary>A kind of source and the scalar settings that its definitions have.</summary>
public sealed record SourceKind(string Name, ImmutableArray<string> Required, ImmutableArray<string> Optional)
{
    private const int MaxSlotLength = 63;

    public static readonly SourceKind Postgres = new("postgres", ["connection", "publication", "slot"], []) { Check = CheckPostgres, Own = ["connection", "slot"] };

    public static readonly SourceKind Debezium = new(
        "debezium", ["bootstrap", "topicPrefix", "format"],
        ["registry", "registryUser", "registryPassword", "envelope", "heartbeatTopic", "transactionTopic", "unavailableValue", "database", "connector", "from"])
    {
        Prefix = "kafka.",
        TablesHaveTopics = true,
        Check = CheckDebezium,
    };

    /// <summary>Every kind that a definition may name.</summary>
    public static readonly ImmutableArray<SourceKind> All = [Postgres, Debezium];

    private static readonly ImmutableDictionary<string, string[]> DebeziumChoices = new Dictionary<string, string[]>
    {
        ["format"] = ["avro", "json", "json-schemaless"],
        ["envelope"] = ["full", "flattened"],
        ["connector"] = ["postgresql", "mysql", "mariadb", "oracle"],
        ["from"] = ["beginning", "available"],
    }.ToImmutableDictionary(StringComparer.Ordinal);

    private static readonly ImmutableArray<string> SetByHub =
    [
        "bootstrap.servers", "isolation.level", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof",
    ];

    /// <summary>What keys begin with that pass through to the vendor's client; null when there are none.</summary>
    public string? Prefix { get; init; }

    /// <summary>Whether a table may say <c>topic</c> and <c>types</c>.</summary>
    public bool TablesHaveTopics { get; init; }

    /// <summary>What is wrong with the value of a setting, and what to do; null when nothing is.</summary>
    public Func<string, string, (string Message, string Suggestion)?> Check { get; init; } = (_, _) => null;

    /// <summary>Settings that no two sources share all of: what they name can be read by one alone.</summary>
    public ImmutableArray<string> Own { get; init; } = [];

    private static (string Message, string Suggestion)? CheckPostgres(string key, string value)
        => key == "slot" && (value.Length is 0 or > MaxSlotLength || value.Any(letter => letter is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_')))
            ? ($"'{value}' cannot be the name of a replication slot.", $"Use lower-case letters, digits and underscores, {MaxSlotLength} at most, such as hub_finance.")
            : null;

    private static (string Message, string Suggestion)? CheckDebezium(string key, string value)
    {
        if (DebeziumChoices.TryGetValue(key, out var choices) && !choices.Contains(value))
            return ($"'{key}' is '{value}'.", Ops.Nearest.Suggest(value, choices, "choices"));
        if (key == "registry" && !(Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
            return ($"'{value}' is not the address of a schema registry.", "Write it as http://host:8081.");
        return key.StartsWith("kafka.", StringComparison.Ordinal) && SetByHub.Contains(key["kafka.".Length..])
            ? ($"'{key}' is set by Hub itself; another value would break what it promises.", "Take it out.")
            : null;
    }
}
