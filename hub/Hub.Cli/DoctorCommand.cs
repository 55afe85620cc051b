using System.CommandLine;
using Hub.Core.Ops;
using Hub.Server;
using Hub.Server.Ops;

namespace Hub.Cli;

internal static class DoctorCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var command = new Command("doctor", "Check everything that validate checks, then connect to the schema registry outside, if there is one, and to each source, and look whether Hub can work with it.\n\nExample:\n  hub doctor --config hub.yaml");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = common.Read(parsed);
            var validation = Validation.Of(options);
            var findings = validation.Findings.ToList();
            if (validation.Catalog is { } catalog && ExitCodes.Of(findings) == ExitCodes.Ok)
            {
                findings.AddRange(await AskAsync(token => Composition.ExamineRegistryAsync(options, catalog, token), cancellationToken));
                foreach (var doctor in Composition.Doctors(options, catalog))
                    findings.AddRange(await AskAsync(doctor, cancellationToken));
            }

            return new FindingReport(terminal, parsed.GetValue(common.Json)).Conclude(findings, "All is well.");
        });
        return command;
    }

    // One source that cannot be reached must not hide what is wrong with the next.
    private static async Task<IReadOnlyList<Finding>> AskAsync(Func<CancellationToken, Task<IReadOnlyList<Finding>>> doctor, CancellationToken cancellationToken)
    {
        try
        {
            return await doctor(cancellationToken);
        }
        catch (HubException failure)
        {
            return failure.Findings;
        }
    }
}
