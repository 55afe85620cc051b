namespace Hub.Core.Ops;

public enum Severity { Information, Warning, Error }

/// <summary>Something an operator should know. The same in the command line, the API and the logs.</summary>
/// <param name="Code">Stable, such as <c>HUB2003</c>.</param>
/// <param name="Place">A file with line, or a path into the configuration, or the name of a part of the system.</param>
/// <param name="Message">One plain sentence: what is wrong.</param>
/// <param name="Suggestion">One plain sentence: what to do; may hold the exact command.</param>
public sealed record Finding(string Code, Severity Severity, string Place, string Message, string? Suggestion = null)
{
    public override string ToString() => Suggestion is null ? $"{Place}: {Code} {Message}" : $"{Place}: {Code} {Message} {Suggestion}";
}

/// <summary>A failure that can be explained: configuration, permission, or a source that is not what it was.</summary>
public sealed class HubException : Exception
{
    public HubException(Finding finding, Exception? cause = null) : this([finding], cause) { }

    public HubException(IReadOnlyList<Finding> findings, Exception? cause = null)
        : base(string.Join(Environment.NewLine, findings), cause) => Findings = findings;

    public IReadOnlyList<Finding> Findings { get; }

    /// <summary>Whether trying again may mend it; otherwise an operator must.</summary>
    public bool IsTransient { get; init; }

    /// <summary>When trying again is worth it; null when nothing is known of that.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The stable codes of findings, by area.</summary>
public static class Codes
{
    // 1xxx: schemas and code lists
    public const string SchemaInvalid = "HUB1001";
    public const string SchemaIdTaken = "HUB1002";
    public const string SchemaFieldClash = "HUB1003";
    public const string SchemaIncompatible = "HUB1004";
    public const string SchemaNeedsRebuild = "HUB1005";
    public const string SchemaWriterRefused = "HUB1006";
    public const string CodeListInvalid = "HUB1010";
    public const string WordListInvalid = "HUB1011";
    public const string SchemaNotRegistered = "HUB1020";
    public const string SchemaIdsChanged = "HUB1021";

    // 2xxx: source definitions
    public const string YamlInvalid = "HUB2001";
    public const string UnknownKey = "HUB2002";
    public const string UnknownSubject = "HUB2003";
    public const string UnknownField = "HUB2004";
    public const string MissingField = "HUB2005";
    public const string MissingSetting = "HUB2006";
    public const string ValueInvalid = "HUB2007";
    public const string VariableNotSet = "HUB2008";

    // 3xxx: upstream systems
    public const string Examined = "HUB3000";
    public const string CannotConnect = "HUB3001";
    public const string LoginRefused = "HUB3002";
    public const string WalLevel = "HUB3003";
    public const string NoReplicationRight = "HUB3004";
    public const string NoPublication = "HUB3005";
    public const string TableNotPublished = "HUB3006";
    public const string TableMissing = "HUB3007";
    public const string TableWithoutKey = "HUB3008";
    public const string ColumnMissing = "HUB3009";
    public const string SlotInUse = "HUB3010";
    public const string SlotForeign = "HUB3011";
    public const string SlotLost = "HUB3012";
    public const string SourceReplaced = "HUB3013";
    public const string NoSelectRight = "HUB3014";
    public const string KeyMismatch = "HUB3015";
    public const string ReplicaIdentity = "HUB3016";
    public const string NoFreeSlot = "HUB3017";
    public const string SlotHoldsWal = "HUB3018";
    public const string ColumnNotMapped = "HUB3020";
    public const string MappedColumnGone = "HUB3021";
    public const string TooManyDeadLetters = "HUB3030";
    public const string ServerTooOld = "HUB3019";
    public const string DatabaseMissing = "HUB3022";
    public const string TablePartitioned = "HUB3023";
    public const string TransactionsOpen = "HUB3024";
    public const string SourceTopicMissing = "HUB3060";
    public const string TopicReplaced = "HUB3061";
    public const string RecordsExpired = "HUB3062";
    public const string VersionMissing = "HUB3063";
    public const string VersionWentBack = "HUB3064";
    public const string SchemaUnknown = "HUB3066";
    public const string RecordForm = "HUB3067";
    public const string TopicRight = "HUB3068";
    public const string SourceFailed = "HUB3090";

    // 4xxx: Hub itself
    public const string SettingInvalid = "HUB4001";
    public const string DataFolderInUse = "HUB4002";
    public const string LogDamaged = "HUB4003";
    public const string IndexDamaged = "HUB4004";
    public const string NotRunning = "HUB4005";
    public const string NotReady = "HUB4006";
    public const string AddressInUse = "HUB4007";
    public const string RecordsLeft = "HUB4008";
    public const string RegistryUnreachable = "HUB4020";
    public const string RegistryLoginRefused = "HUB4021";
    public const string RegistryRefused = "HUB4022";
    public const string RegistryGarbled = "HUB4023";
    public const string Unexpected = "HUB4090";

    // 41xx: the log on Kafka
    public const string KafkaFailed = "HUB4101";
    public const string KafkaRefused = "HUB4102";
    public const string TopicMissing = "HUB4103";
    public const string RecordTooLarge = "HUB4104";
    public const string SourceTaken = "HUB4105";
    public const string TopicSettings = "HUB4106";
    public const string EngineUnreachable = "HUB4201";
    public const string EngineLoginRefused = "HUB4202";
    public const string EngineRefused = "HUB4203";
    public const string EngineFailed = "HUB4204";
    public const string EngineBlocked = "HUB4205";
    public const string EngineIndexMissing = "HUB4206";
    public const string EngineUnknown = "HUB4207";
    public const string EnginePluginMissing = "HUB4208";
    public const string IndexGenerations = "HUB4209";

    // 5xxx: queries
    public const string QueryInvalid = "HUB5001";
    public const string QueryUnknownSubject = "HUB5002";
    public const string QueryUnknownField = "HUB5003";
    public const string QueryFieldRole = "HUB5004";
    public const string QueryValue = "HUB5005";
    public const string QueryCursor = "HUB5006";
    public const string RecordNotFound = "HUB5007";
    public const string QueryReceipt = "HUB5008";
    public const string RouteUnknown = "HUB5010";
    public const string MethodNotAllowed = "HUB5011";
    public const string SourceLate = "HUB5020";
    public const string ReceiptLate = "HUB5021";
}
