using System.CommandLine;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Hub.Server.Registry;

namespace Hub.Cli;

/// <summary>The option that names a registry; without an address it is that of the settings, or else the running Hub's own.</summary>
internal sealed class RegistryOption(CommonOptions common)
{
    public Option<string?> Option { get; } = new("--registry")
    {
        Description = "The schema registry; without an address that of the settings (registry.url), or else the running Hub's own.",
        HelpName = "url",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public bool IsGiven(ParseResult parsed) => parsed.GetResult(Option) is not null;

    /// <exception cref="HubException">The address or a setting is wrong.</exception>
    public RegistrySession Open(ParseResult parsed)
    {
        var settings = common.Read(parsed);
        var url = parsed.GetValue(Option) is { Length: > 0 } given ? given
            : settings.Registry.IsExternal ? settings.Registry.Url
            : new Uri(settings.Address, "registry").ToString();
        return RegistryOptions.CheckUrl(url, "--registry") is { } finding
            ? throw new HubException(finding)
            : new(settings.Registry with { Url = url }, patient: false);
    }
}
