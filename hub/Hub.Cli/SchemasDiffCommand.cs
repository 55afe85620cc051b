using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;
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
        var command = new Command("diff", "Show what changed between two versions of a subject, and what each change means.\n\nExample:\n  hub schemas diff finance.paymentDetail 1 2") { subject, from, to };
        command.SetAction(parsed =>
        {
            var versions = SchemaFolder.ReadVersions(common.Read(parsed).SchemasFolder);
            var view = Compare(versions, parsed.GetValue(subject)!, parsed.GetValue(from), parsed.GetValue(to));
            if (parsed.GetValue(common.Json))
                terminal.Output.WriteLine(JsonSerializer.Serialize(view, ApiJson.Options));
            else
                Write(view, terminal.Output);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static SchemaDiffView Compare(IReadOnlyList<SubjectSchema> versions, string subject, int? from, int? to)
    {
        var line = versions.Where(schema => schema.Subject == subject).OrderBy(schema => schema.Version).ToArray();
        if (line.Length == 0)
            throw Wrong("subject", $"there is no subject '{subject}'.", Nearest.Suggest(subject, [.. versions.Select(schema => schema.Subject).Distinct(StringComparer.Ordinal)], "subjects"));
        var later = VersionOf(line, "to", to ?? line[^1].Version);
        var earlier = VersionOf(line, "from", from ?? line.LastOrDefault(schema => schema.Version < later.Version)?.Version ?? later.Version);
        return new(subject, earlier.Version, later.Version, SchemaDiff.Between(earlier.Type, later.Type));
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
