using Hub.Core.Ops;

namespace Hub.Cli;

/// <summary>What a command returns to the shell.</summary>
public static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>It failed while it ran, or the query was refused.</summary>
    public const int RunTime = 1;

    /// <summary>Something that somebody wrote is wrong: the command line, a setting, a schema, a source definition.</summary>
    public const int Configuration = 2;

    /// <summary>What surrounds Hub is not as it must be: an upstream system, a port, the data folder, Hub itself not running.</summary>
    public const int Environment = 3;

    /// <summary>Wrong configuration comes first: until it is mended, the rest tells little.</summary>
    public static int Of(IEnumerable<Finding> findings)
    {
        var codes = findings.Where(finding => finding.Severity == Severity.Error).Select(finding => Of(finding.Code)).ToArray();
        return codes.Contains(Configuration) ? Configuration : codes.Contains(Environment) ? Environment : codes.FirstOrDefault();
    }

    private static int Of(string code) => code switch
    {
        Codes.SettingInvalid => Configuration,
        Codes.DataFolderInUse or Codes.NotRunning or Codes.NotReady or Codes.AddressInUse
            or Codes.RegistryUnreachable or Codes.RegistryLoginRefused or Codes.RegistryGarbled
            or Codes.KafkaFailed or Codes.KafkaRefused or Codes.TopicMissing or Codes.RecordTooLarge or Codes.SourceTaken or Codes.TopicSettings
            or Codes.EngineUnreachable or Codes.EngineLoginRefused or Codes.EngineFailed or Codes.EngineBlocked or Codes.EngineIndexMissing or Codes.EngineUnknown or Codes.EnginePluginMissing => Environment,
        _ => code[..4] switch
        {
            "HUB1" or "HUB2" => Configuration,
            "HUB3" => Environment,
            _ => RunTime,
        },
    };
}
