using System.Text.Json;
using Hub.Core.Ops;
using Hub.Server.Hosting;

namespace Hub.Cli;

/// <summary>What <c>--json</c> prints for findings.</summary>
public sealed record FindingsView(int Errors, int Warnings, IReadOnlyList<Finding> Findings);

/// <summary>Tells findings, the same way for every command.</summary>
internal sealed class FindingReport(Terminal terminal, bool json)
{
    /// <summary>Tells why the command could not do its work, and returns the exit code.</summary>
    public int Refuse(IReadOnlyList<Finding> findings)
    {
        if (json)
            WriteJson(findings);
        else
            Write(findings, terminal.Error);
        return ExitCodes.Of(findings);
    }

    /// <summary>Tells what a check found, with a last line that sums it up, and returns the exit code.</summary>
    public int Conclude(IReadOnlyList<Finding> findings, string allWell)
    {
        if (json)
        {
            WriteJson(findings);
            return ExitCodes.Of(findings);
        }

        Write(findings, terminal.Output);
        var (errors, warnings) = (Count(findings, Severity.Error), Count(findings, Severity.Warning));
        terminal.Output.WriteLine(errors + warnings == 0 ? allWell : $"{Number(errors, "error")}, {Number(warnings, "warning")}.");
        return ExitCodes.Of(findings);
    }

    private static void Write(IEnumerable<Finding> findings, TextWriter writer)
    {
        foreach (var finding in findings)
            writer.WriteLine($"{finding.Severity.ToString().ToLowerInvariant()} {finding}");
    }

    private void WriteJson(IReadOnlyList<Finding> findings)
        => terminal.Output.WriteLine(JsonSerializer.Serialize(
            new FindingsView(Count(findings, Severity.Error), Count(findings, Severity.Warning), findings), ApiJson.Options));

    private static int Count(IReadOnlyList<Finding> findings, Severity severity) => findings.Count(finding => finding.Severity == severity);

    private static string Number(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
