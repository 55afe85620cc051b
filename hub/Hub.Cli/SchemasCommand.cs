using System.CommandLine;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;

namespace Hub.Cli;

/// <summary><c>hub schemas</c>: what the versions of the schemas folder are to each other.</summary>
internal static class SchemasCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
        => new("schemas", "Compare the versions of the schemas, with each other or with a registry.\n\nExample:\n  hub schemas check --level FULL")
        {
            CreateCheck(terminal, common),
            SchemasDiffCommand.Create(terminal, common),
            SchemasRegisterCommand.Create(terminal, common),
        };

    private static Command CreateCheck(Terminal terminal, CommonOptions common)
    {
        var (level, registry) = (LevelOption(), new RegistryOption(common));
        var command = new Command(
            "check",
            "Check each version of each subject against the ones before it: field, rule and what to do.\nWith --registry, also what is not there yet against what is, by the levels of the registry.\n\nExample:\n  hub schemas check --level BACKWARD_TRANSITIVE")
        {
            level, registry.Option,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var agreed = ReadLevel(parsed.GetValue(level));
            var versions = SchemaFolder.ReadVersions(common.Read(parsed).SchemasFolder);
            var subjects = versions.Select(schema => schema.Subject).Distinct(StringComparer.Ordinal).Count();
            var findings = SchemaReview.Check(versions, agreed).ToList();
            if (registry.IsGiven(parsed))
                findings.AddRange(await CompareAsync(registry, parsed, versions, cancellationToken));
            return new FindingReport(terminal, parsed.GetValue(common.Json)).Conclude(
                findings, $"All is well: {versions.Count} versions of {subjects} subjects, {CompatibilityLevels.NameOf(agreed)}.");
        });
        return command;
    }

    private static async Task<IReadOnlyList<Finding>> CompareAsync(
        RegistryOption registry, ParseResult parsed, IReadOnlyList<SubjectSchema> versions, CancellationToken cancellationToken)
    {
        using var session = registry.Open(parsed);
        var comparison = new RegistryComparison(session.Client);
        var findings = new List<Finding>();
        foreach (var line in versions.GroupBy(schema => schema.Subject, StringComparer.Ordinal).OrderBy(line => line.Key, StringComparer.Ordinal))
            findings.AddRange(await comparison.CheckAsync([.. line.OrderBy(schema => schema.Version)], cancellationToken));
        return findings;
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
