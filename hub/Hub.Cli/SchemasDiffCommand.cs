using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;
using Hub.Core.Schemas.Types;
using Hub.Server.Hosting;

namespace Hub.Cli;

/// <summary>What <c>--json</c> prints for a difference.</summary>
public sealed record SchemaDiffView(string Subject, int From, int To, IReadOnlyList<SchemaChange> Changes);

internal static class SchemasDiffCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var subject = new Argument<string>("subject") { Description = "The subject, such as finance.paymentDetail." };
        var from = new Argument<int?>("from") { Description = "The earlier version; the last but one when left out.", Arity = ArgumentArity.ZeroOrOne };
        var to = new Argument<int?>("to") { Description = "The later version; the latest when left out.", Arity = ArgumentArity.ZeroOrOne };
        var registry = new RegistryOption(common);
        var command = new Command(
            "diff",
            "Show what changed between two versions of a subject, and what each change means.\nWith --registry, the earlier version is one of the registry: its latest when left out.\n\nExample:\n  hub schemas diff finance.paymentDetail 1 2")
        {
            subject, from, to, registry.Option,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var versions = SchemaFolder.ReadVersions(common.Read(parsed).SchemasFolder);
            var line = LineOf(versions, parsed.GetValue(subject)!);
            var view = registry.IsGiven(parsed)
                ? await CompareAsync(registry, parsed, line, parsed.GetValue(from), parsed.GetValue(to), cancellationToken)
                : Compare(line, parsed.GetValue(from), parsed.GetValue(to));
            if (parsed.GetValue(common.Json))
                terminal.Output.WriteLine(JsonSerializer.Serialize(view, ApiJson.Options));
            else
                Write(view, terminal.Output);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static SubjectSchema[] LineOf(IReadOnlyList<SubjectSchema> versions, string subject)
    {
        var line = versions.Where(schema => schema.Subject == subject).OrderBy(schema => schema.Version).ToArray();
        return line.Length > 0 ? line : throw Wrong(
            "subject", $"there is no subject '{subject}'.", Nearest.Suggest(subject, [.. versions.Select(schema => schema.Subject).Distinct(StringComparer.Ordinal)], "subjects"));
    }

    private static async Task<SchemaDiffView> CompareAsync(RegistryOption registry, ParseResult parsed, SubjectSchema[] line, int? from, int? to, CancellationToken cancellationToken)
    {
        var later = VersionOf(line, "to", to ?? line[^1].Version);
        using var session = registry.Open(parsed);
        var earlier = await new RegistryComparison(session.Client).ReadAsync(later.Subject, from, cancellationToken)
            ?? throw Wrong("from", $"{session.Client.Address} holds no such version of {SubjectNames.OfValues(later.Subject)}.", "Run 'hub schemas register' to bring the schemas there.");
        return earlier.Type is AvroRecord record
            ? new(later.Subject, earlier.Version, later.Version, SchemaDiff.Between(record, later.Type))
            : throw Wrong("from", $"{session.Client.Address} holds {earlier.Type} there, not a record.", "Compare with another version.");
    }

    private static SchemaDiffView Compare(SubjectSchema[] line, int? from, int? to)
    {
        var later = VersionOf(line, "to", to ?? line[^1].Version);
        var earlier = VersionOf(line, "from", from ?? line.LastOrDefault(schema => schema.Version < later.Version)?.Version ?? later.Version);
        return new(later.Subject, earlier.Version, later.Version, SchemaDiff.Between(earlier.Type, later.Type));
    }

    private static SubjectSchema VersionOf(SubjectSchema[] line, string place, int version)
        => line.FirstOrDefault(schema => schema.Version == version) ?? throw Wrong(
            place, string.Create(CultureInfo.InvariantCulture, $"{line[0].Subject} has no version {version}."), $"Versions are: {string.Join(", ", line.Select(schema => schema.Version))}.");

    private static HubException Wrong(string place, string message, string suggestion)
        => new(new Finding(Codes.SettingInvalid, Severity.Error, place, message, suggestion));

    private static void Write(SchemaDiffView view, TextWriter output)
    {
        output.WriteLine($"{view.Subject}: version {view.From} → {view.To}");
        foreach (var change in view.Changes)
        {
            output.WriteLine($"{change.Kind.ToString().ToLowerInvariant()} {(change.Field.Length == 0 ? "record" : change.Field)}: {change.What}");
            if (change.Backward == change.Forward)
            {
                output.WriteLine($"    {Mark(change.Backward)}");
                continue;
            }

            output.WriteLine($"    backward {Mark(change.Backward)}");
            output.WriteLine($"    forward  {Mark(change.Forward)}");
        }

        if (view.Changes.Count == 0)
            output.WriteLine("Nothing differs.");
    }

    private static string Mark(ChangeMeaning meaning) => $"{(meaning.IsCompatible ? "ok " : "NOT")} {meaning.Text}";
}
