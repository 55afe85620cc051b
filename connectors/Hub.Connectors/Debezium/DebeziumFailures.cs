using Confluent.Kafka;
using Hub.Core.Ops;

namespace Hub.Connectors.Debezium;

/// <summary>Sorts what Kafka and its client report, and words what else can stop the source. What it cannot name stays as it is and counts as transient.</summary>
internal static class DebeziumFailures
{
    private const string NewGeneration =
        "Changes may be missing, so Hub does not go on by itself. Let the connector take its snapshot once more, and give the source another name "
        + "(or Hub an empty data folder), which reads the topics from their beginning.";

    private const string AdHocSnapshot =
        "Take an ad hoc snapshot of the table (https://debezium.io/documentation/reference/stable/configuration/signalling.html), so that the topic holds every row again";

    public static HubException? Explain(Exception failure, DebeziumSourceOptions options) => failure switch
    {
        KafkaException kafka => Explain(kafka.Error, options, kafka),
        // The client's builder fails so for a property that it does not know or cannot use.
        InvalidOperationException or ArgumentException when failure.Source == "Confluent.Kafka" => Stop(
            Codes.ValueInvalid, options.Place, $"the Kafka client refuses its settings: {failure.Message.TrimEnd('.')}.",
            "Correct the setting that begins with 'kafka.'; the names are those of librdkafka's CONFIGURATION.md.", failure),
        _ => null,
    };

    public static HubException? Explain(Error error, DebeziumSourceOptions options, Exception? cause = null) => error.Code switch
    {
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_TimedOut or ErrorCode.Local_Resolve => Transient(
            Codes.CannotConnect, options.Place, $"no Kafka broker at {options.Bootstrap} answers: {error.Reason.TrimEnd('.')}.",
            "Check 'bootstrap', that the brokers run, 'kafka.security.protocol', and the firewall between.", cause),
        ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed => Stop(
            Codes.LoginRefused, options.Place, $"Kafka at {options.Bootstrap} refuses the login: {error.Reason.TrimEnd('.')}.", "Check 'kafka.sasl.*' and 'kafka.ssl.*'.", cause),
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed => Stop(
            Codes.TopicRight, options.Place, $"the user of the Kafka client lacks a right: {error.Reason.TrimEnd('.')}.",
            $"As an administrator: kafka-acls --add --allow-principal User:<name> --operation Read --operation Describe --topic {options.TopicPrefix} --resource-pattern-type prefixed.", cause),
        _ => null,
    };

    public static HubException TopicsMissing(DebeziumSourceOptions options, IEnumerable<string> topics) => Transient(
        Codes.SourceTopicMissing, options.Place, $"Kafka at {options.Bootstrap} has none of the topics {string.Join(", ", topics)}.",
        "Check 'topicPrefix' against the connector's topic.prefix, and that the connector runs; a table whose topic has another name says 'topic: …'.");

    public static HubException TopicGone(DebeziumSourceOptions options, string topic) => Stop(
        Codes.TopicReplaced, options.Place, $"the topic {topic}, which was read before, is gone.", NewGeneration);

    public static HubException TopicReplaced(DebeziumSourceOptions options, string topic, string how) => Stop(
        Codes.TopicReplaced, options.Place, $"the topic {topic} was deleted and made again: {how}.", NewGeneration);

    public static HubException RecordsExpired(DebeziumSourceOptions options, string partition, long next, long low) => Stop(
        Codes.RecordsExpired, options.Place, $"{partition} begins at offset {low} now, but Hub had read only up to {next}: retention deleted what is between.",
        $"{AdHocSnapshot}; give the source another name and 'from: available'. Rows that were deleted meanwhile stay under the old name until it is removed. Give the topics cleanup.policy=compact.");

    public static HubException BeginningExpired(DebeziumSourceOptions options, string partition, long low) => Stop(
        Codes.RecordsExpired, options.Place, $"{partition} begins at offset {low}: retention deleted what was before, so rows may be missing.",
        $"{AdHocSnapshot}; then write 'from: available'. Give the topics cleanup.policy=compact.");

    public static HubException VersionMissing(DebeziumSourceOptions options, string place)
    {
        var fields = options.Connector switch
        {
            "postgresql" => "op,lsn,source.ts_ms",
            "mysql" or "mariadb" => "op,file,pos,row,source.ts_ms",
            "oracle" => "op,scn,source.ts_ms",
            _ => null,
        };
        return Stop(
            Codes.VersionMissing, options.Place, $"the flattened record at {place} does not say which version of the row it is.",
            $"Add to the connector's configuration: transforms.unwrap.add.fields={fields ?? "op,lsn,source.ts_ms (PostgreSQL), op,file,pos,row,source.ts_ms (MySQL) or op,scn,source.ts_ms (Oracle)"} "
            + "(unwrap is the name of its ExtractNewRecordState), and let it take its snapshot once more into empty topics.");
    }

    public static HubException HasEnvelope(DebeziumSourceOptions options, string place) => Stop(
        Codes.RecordForm, options.Place, $"the record at {place} has its envelope, but the definition says that it is flattened.", "Write 'envelope: full'.");

    public static HubException VersionWentBack(DebeziumSourceOptions options, string place) => Stop(
        Codes.VersionWentBack, options.Place, $"the binlog numbers went back at {place}: the server was replaced or its binlogs were reset, so that new changes would count as old.",
        NewGeneration);

    public static HubException SchemaUnknown(string place, Uri registry, int id) => Stop(
        Codes.SchemaUnknown, place, $"the schema registry at {registry} does not have the schema {id}.", "Check that 'registry' is the one that the connector's converter uses.");

    /// <summary>What helps a connector to send a column that it left out.</summary>
    public static string WholeRow(DebeziumSourceOptions options, string table, bool isOracle)
        => isOracle || options.Connector == "oracle"
            ? $"ALTER TABLE {table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS; and an update of the row send it again."
            : $"ALTER TABLE {table} REPLICA IDENTITY FULL; and an update of the row send it again.";

    public static HubException Stop(string code, string place, string message, string suggestion, Exception? cause = null)
        => new(new Finding(code, Severity.Error, place, message, suggestion), cause);

    public static HubException Transient(string code, string place, string message, string suggestion, Exception? cause = null)
        => new(new Finding(code, Severity.Error, place, message, suggestion), cause) { IsTransient = true };
}
