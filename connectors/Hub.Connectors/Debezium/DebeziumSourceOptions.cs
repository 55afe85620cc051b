using System.Collections.Immutable;
using Hub.Core.Mapping;
using Hub.Core.Ops;

namespace Hub.Connectors.Debezium;

/// <summary>How the connector's converters write records.</summary>
public enum DebeziumForm
{
    Avro,
    Json,
    JsonSchemaless,
}

/// <summary>Settings of one source that reads the topics of a Debezium connector.</summary>
public sealed record DebeziumSourceOptions
{
    /// <summary>Name of the source; the first half of its document ids.</summary>
    public required string Name { get; init; }

    /// <summary>Where the settings stand, for findings.</summary>
    public required string Place { get; init; }

    public required string Bootstrap { get; init; }

    /// <summary>The connector's <c>topic.prefix</c>.</summary>
    public required string TopicPrefix { get; init; }

    public required DebeziumForm Form { get; init; }

    /// <summary>Whether ExtractNewRecordState has flattened the envelope.</summary>
    public bool IsFlattened { get; init; }

    public required ImmutableArray<TableMapping> Tables { get; init; }

    public Uri? Registry { get; init; }

    public string? RegistryUser { get; init; }

    public string? RegistryPassword { get; init; }

    /// <summary>Topics whose records tell a moment before which everything committed upstream has been written.</summary>
    public ImmutableArray<string> SignalTopics { get; init; } = [];

    /// <summary>The connector's <c>unavailable.value.placeholder</c>.</summary>
    public string UnavailableValue { get; init; } = "__debezium_unavailable_value";

    /// <summary>The database that stands in the topics' names instead of the tables' schema, as MySQL has it.</summary>
    public string? Database { get; init; }

    /// <summary>postgresql, mysql, mariadb or oracle; null where records tell it.</summary>
    public string? Connector { get; init; }

    /// <summary>Whether a topic whose beginning is deleted may be read from where it begins now.</summary>
    public bool TakesAvailable { get; init; }

    /// <summary>Settings of the Kafka client, by librdkafka's names.</summary>
    public ImmutableDictionary<string, string> Client { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>A batch ends once it holds this much; one larger record makes one larger batch.</summary>
    public int MaxBatchBytes { get; init; } = 1024 * 1024;

    /// <summary>How often it is looked whether topics are new, gone or made again.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the brokers may take to answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>From a source definition of kind <c>debezium</c>.</summary>
    /// <exception cref="HubException">Some settings do not fit together; all of them are named.</exception>
    public static DebeziumSourceOptions From(SourceDefinition definition)
    {
        var settings = definition.Settings;
        var findings = new List<Finding>();
        foreach (var table in definition.Tables)
            ReadHints(table, findings);
        CheckPlaceholder(definition, findings);
        var form = settings["format"].Value switch { "avro" => DebeziumForm.Avro, "json" => DebeziumForm.Json, _ => DebeziumForm.JsonSchemaless };
        if (form == DebeziumForm.Avro && !settings.ContainsKey("registry"))
            findings.Add(new(Codes.MissingSetting, Severity.Error, definition.Place, "records in Avro need their schemas, but there is no 'registry'.", "Add 'registry: http://host:8081'."));
        if (findings.Count > 0)
            throw new HubException(findings);
        var options = new DebeziumSourceOptions
        {
            Name = definition.Name,
            Place = definition.Place,
            Bootstrap = definition.Require("bootstrap"),
            TopicPrefix = definition.Require("topicPrefix"),
            Form = form,
            IsFlattened = Text("envelope") == "flattened",
            Tables = definition.Tables,
            Registry = Text("registry") is { } registry ? new Uri(registry) : null,
            RegistryUser = Text("registryUser"),
            RegistryPassword = Text("registryPassword"),
            SignalTopics = [.. new[] { Text("heartbeatTopic"), Text("transactionTopic") }.OfType<string>()],
            UnavailableValue = Text("unavailableValue") ?? "__debezium_unavailable_value",
            Database = Text("database"),
            Connector = Text("connector"),
            TakesAvailable = Text("from") == "available",
            Client = settings.Where(pair => pair.Key.StartsWith("kafka.", StringComparison.Ordinal)).ToImmutableDictionary(pair => pair.Key["kafka.".Length..], pair => pair.Value.Value),
        };
        return options.CheckTopics();

        string? Text(string key) => settings.TryGetValue(key, out var setting) ? setting.Value : null;
    }

    /// <summary>The topic of a table.</summary>
    public string TopicOf(TableMapping table)
        => table.Topic ?? Sanitized($"{TopicPrefix}.{(Database is null ? table.Table : $"{Database}.{table.Table[(table.Table.IndexOf('.') + 1)..]}")}");

    internal DebeziumTable Open(TableMapping table) => new(table, TopicOf(table), ReadHints(table, []));

    /// <summary>A connector puts an underscore for what the name of a topic may not hold.</summary>
    private static string Sanitized(string topic)
        => string.Create(topic.Length, topic, (span, name) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsAsciiLetterOrDigit(name[i]) || name[i] is '.' or '_' or '-' ? name[i] : '_';
        });

    private static void CheckPlaceholder(SourceDefinition definition, List<Finding> findings)
    {
        if (!definition.Settings.TryGetValue("unavailableValue", out var setting))
            return;
        try
        {
            _ = new UnavailableValue(setting.Value);
        }
        catch (FormatException)
        {
            findings.Add(new(Codes.ValueInvalid, Severity.Error, setting.Place, $"'{setting.Value}' is not hexadecimal behind 'hex:'.", "Write it as the connector's unavailable.value.placeholder is written."));
        }
    }

    /// <summary>A record does not say which of two tables it is for.</summary>
    private DebeziumSourceOptions CheckTopics()
    {
        var findings = Tables.GroupBy(TopicOf, StringComparer.Ordinal).SelectMany(topic => topic.Skip(1).Select(table => new Finding(
            Codes.ValueInvalid, Severity.Error, table.Place, $"the topic {topic.Key} is that of table {topic.First().Table} already.",
            "Give each table a topic of its own; tables that ByLogicalTableRouter joins in one topic are one table to Hub."))).ToList();
        return findings.Count == 0 ? this : throw new HubException(findings);
    }

    private static ImmutableDictionary<string, ColumnType> ReadHints(TableMapping table, List<Finding> findings)
    {
        var hints = ImmutableDictionary.CreateBuilder<string, ColumnType>(StringComparer.Ordinal);
        foreach (var (column, setting) in table.Types)
            if (ColumnType.Parse(setting.Value, out var suggestion) is { } type)
                hints[column] = type;
            else
                findings.Add(new(Codes.ValueInvalid, Severity.Error, setting.Place, $"'{setting.Value}' is not a type that Hub knows of column '{column}'.", suggestion));
        return hints.ToImmutable();
    }
}
