using System.CommandLine;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;

namespace Hub.Cli;

/// <summary><c>hub schemas</c>: what the versions of the schemas folder are to each other.</summary>
internal static class SchemasCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
        => new("schemas", "Compare the versions of the schemas.\n\nExample:\n  hub schemas check --level FULL")
        {
            CreateCheck(terminal, common),
            SchemasDiffCommand.Create(terminal, common),
        };

    private static Command CreateCheck(Terminal terminal, CommonOptions common)
    {
        var level = LevelOption();
        var command = new Command("check", "Check each version of each subject against the ones before it: field, rule and what to do.\n\nExample:\n  hub schemas check --level BACKWARD_TRANSITIVE") { level };
        command.SetAction(parsed =>
        {
            var agreed = ReadLevel(parsed.GetValue(level));
            var versions = SchemaFolder.ReadVersions(common.Read(parsed).SchemasFolder);
            var subjects = versions.Select(schema => schema.Subject).Distinct(StringComparer.Ordinal).Count();
            return new FindingReport(terminal, parsed.GetValue(common.Json)).Conclude(
                SchemaReview.Check(versions, agreed), $"All is well: {versions.Count} versions of {subjects} subjects, {CompatibilityLevels.NameOf(agreed)}.");
        });
        return command;
    }

    internal static Option<string> LevelOption() => new("--level")
    {
        Description = $"What a new version must be able to do: {string.Join(", ", CompatibilityLevels.Names)}.",
        HelpName = "level",
        DefaultValueFactory = _ => CompatibilityLevels.NameOf(CompatibilityLevel.Backward),
    };

    /// <exception cref="HubException">There is no such level.</exception>
    internal static CompatibilityLevel ReadLevel(string? name)
        => CompatibilityLevels.Of(name ?? "") ?? throw new HubException(new Finding(
            Codes.SettingInvalid, Severity.Error, "--level", $"there is no level '{name}'.", Nearest.Suggest(name ?? "", [.. CompatibilityLevels.Names], "levels")));
}
