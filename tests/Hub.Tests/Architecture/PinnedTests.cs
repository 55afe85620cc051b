using System.Reflection;
using Hub.Core.Ops;
using Hub.Core.Records;
using Xunit;

namespace Hub.Tests.Architecture;

/// <summary>What is stored, or written down by others, and therefore never changes.</summary>
public sealed class PinnedTests
{
    // A code that is given up stays here with the name it had, so that nobody gives it another meaning.
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["HUB1001"] = "SchemaInvalid",
        ["HUB1002"] = "SchemaIdTaken",
        ["HUB1003"] = "SchemaFieldClash",
        ["HUB1004"] = "SchemaIncompatible",
        ["HUB1005"] = "SchemaNeedsRebuild",
        ["HUB1006"] = "SchemaWriterRefused",
        ["HUB1010"] = "CodeListInvalid",
        ["HUB1011"] = "WordListInvalid",
        ["HUB1020"] = "SchemaNotRegistered",
        ["HUB1021"] = "SchemaIdsChanged",
        ["HUB2001"] = "YamlInvalid",
        ["HUB2002"] = "UnknownKey",
        ["HUB2003"] = "UnknownSubject",
        ["HUB2004"] = "UnknownField",
        ["HUB2005"] = "MissingField",
        ["HUB2006"] = "MissingSetting",
        ["HUB2007"] = "ValueInvalid",
        ["HUB2008"] = "VariableNotSet",
        ["HUB3000"] = "Examined",
        ["HUB3001"] = "CannotConnect",
        ["HUB3002"] = "LoginRefused",
        ["HUB3003"] = "WalLevel",
        ["HUB3004"] = "NoReplicationRight",
        ["HUB3005"] = "NoPublication",
        ["HUB3006"] = "TableNotPublished",
        ["HUB3007"] = "TableMissing",
        ["HUB3008"] = "TableWithoutKey",
        ["HUB3009"] = "ColumnMissing",
        ["HUB3010"] = "SlotInUse",
        ["HUB3011"] = "SlotForeign",
        ["HUB3012"] = "SlotLost",
        ["HUB3013"] = "SourceReplaced",
        ["HUB3014"] = "NoSelectRight",
        ["HUB3015"] = "KeyMismatch",
        ["HUB3016"] = "ReplicaIdentity",
        ["HUB3017"] = "NoFreeSlot",
        ["HUB3018"] = "SlotHoldsWal",
        ["HUB3019"] = "ServerTooOld",
        ["HUB3020"] = "ColumnNotMapped",
        ["HUB3021"] = "MappedColumnGone",
        ["HUB3022"] = "DatabaseMissing",
        ["HUB3023"] = "TablePartitioned",
        ["HUB3024"] = "TransactionsOpen",
        ["HUB3030"] = "TooManyDeadLetters",
        ["HUB3060"] = "SourceTopicMissing",
        ["HUB3061"] = "TopicReplaced",
        ["HUB3062"] = "RecordsExpired",
        ["HUB3063"] = "VersionMissing",
        ["HUB3064"] = "VersionWentBack",
        ["HUB3066"] = "SchemaUnknown",
        ["HUB3067"] = "RecordForm",
        ["HUB3068"] = "TopicRight",
        ["HUB3090"] = "SourceFailed",
        ["HUB4001"] = "SettingInvalid",
        ["HUB4002"] = "DataFolderInUse",
        ["HUB4003"] = "LogDamaged",
        ["HUB4004"] = "IndexDamaged",
        ["HUB4005"] = "NotRunning",
        ["HUB4006"] = "NotReady",
        ["HUB4007"] = "AddressInUse",
        ["HUB4008"] = "RecordsLeft",
        ["HUB4020"] = "RegistryUnreachable",
        ["HUB4021"] = "RegistryLoginRefused",
        ["HUB4022"] = "RegistryRefused",
        ["HUB4023"] = "RegistryGarbled",
        ["HUB4090"] = "Unexpected",
        ["HUB4101"] = "KafkaFailed",
        ["HUB4102"] = "KafkaRefused",
        ["HUB4103"] = "TopicMissing",
        ["HUB4104"] = "RecordTooLarge",
        ["HUB4105"] = "SourceTaken",
        ["HUB4106"] = "TopicSettings",
        ["HUB4201"] = "EngineUnreachable",
        ["HUB4202"] = "EngineLoginRefused",
        ["HUB4203"] = "EngineRefused",
        ["HUB4204"] = "EngineFailed",
        ["HUB4205"] = "EngineBlocked",
        ["HUB4206"] = "EngineIndexMissing",
        ["HUB4207"] = "EngineUnknown",
        ["HUB4208"] = "EnginePluginMissing",
        ["HUB4209"] = "IndexGenerations",
        ["HUB5001"] = "QueryInvalid",
        ["HUB5002"] = "QueryUnknownSubject",
        ["HUB5003"] = "QueryUnknownField",
        ["HUB5004"] = "QueryFieldRole",
        ["HUB5005"] = "QueryValue",
        ["HUB5006"] = "QueryCursor",
        ["HUB5007"] = "RecordNotFound",
        ["HUB5008"] = "QueryReceipt",
        ["HUB5010"] = "RouteUnknown",
        ["HUB5011"] = "MethodNotAllowed",
        ["HUB5020"] = "SourceLate",
        ["HUB5021"] = "ReceiptLate",
    };

    [Theory]
    [InlineData(Operation.Snapshot, 1)]
    [InlineData(Operation.Create, 2)]
    [InlineData(Operation.Update, 3)]
    [InlineData(Operation.Delete, 4)]
    [InlineData(Operation.Truncate, 5)]
    public void Operation_numbers_never_change(Operation operation, int number) => Assert.Equal(number, (int)operation);

    [Fact]
    public void Every_operation_has_a_pinned_number() => Assert.Equal(5, Enum.GetValues<Operation>().Length);

    [Fact]
    public void A_finding_code_keeps_its_meaning()
    {
        var codes = typeof(Codes).GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(field => field.Name, field => (string)field.GetRawConstantValue()!);
        Assert.Equal(codes.Count, codes.Values.Distinct(StringComparer.Ordinal).Count());
        Assert.All(codes, code => Assert.True(
            Known.TryGetValue(code.Value, out var name) && name == code.Key,
            $"{code.Value} {code.Key}: add a new code to the list; never give a known one another name or meaning."));
    }
}
