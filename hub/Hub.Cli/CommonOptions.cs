using System.CommandLine;
using Hub.Core.Ops;
using Hub.Server.Hosting;

namespace Hub.Cli;

/// <summary>The options that every command has.</summary>
internal sealed class CommonOptions(Terminal terminal)
{
    public Option<bool> Json { get; } = new("--json") { Description = "Write JSON for programs instead of text for people.", Recursive = true };

    public Option<string?> Config { get; } = new("--config") { Description = "The settings file; hub.yaml in this folder when left out.", HelpName = "file", Recursive = true };

    public Option<string[]> Set { get; } = new("--set")
    {
        Description = $"A setting, such as --set address=http://127.0.0.1:8321; may be repeated. Settings: {string.Join(", ", HubSettings.Keys)}.",
        HelpName = "key=value",
        Recursive = true,
        Arity = ArgumentArity.OneOrMore,
    };

    /// <exception cref="HubException">A setting is wrong.</exception>
    public HubOptions Read(ParseResult parsed, params string[] more) => HubSettings.Read(parsed.GetValue(Config), [.. parsed.GetValue(Set) ?? [], .. more], terminal.Environment);

    public HubClient Client(ParseResult parsed) => new(Read(parsed).Address);
}
