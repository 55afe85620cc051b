using System.CommandLine;
using Hub.Core.Ops;
using Hub.Server.Ops;

namespace Hub.Cli;

internal static class ValidateCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var command = new Command("validate", "Check settings, schemas, code lists and source definitions, without connecting to anything.\n\nExample:\n  hub validate --json");
        command.SetAction(parsed =>
        {
            var validation = Validation.Of(common.Read(parsed));
            return new FindingReport(terminal, parsed.GetValue(common.Json)).Conclude([.. validation.Findings.Select(ForFiles)], AllWell(validation));
        });
        return command;
    }

    // Whoever checks the files, such as a build server, need not have the secrets that are filled in where Hub runs.
    private static Finding ForFiles(Finding finding)
        => finding.Code == Codes.VariableNotSet ? finding with { Severity = Severity.Warning } : finding;

    private static string AllWell(Validation validation)
        => $"All is well: {validation.Catalog?.Subjects.Count} subjects, {validation.Catalog?.CodeLists.Names.Count()} code lists.";
}
