using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Hub.Core.Ops;

namespace Hub.Cli;

/// <summary>The command line <c>hub</c>.</summary>
public static class HubCommands
{
    /// <summary>Long enough for the index to become durable; a second signal does not wait.</summary>
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);

    /// <summary>Runs one command and returns its exit code. Expected failures are sentences, never stack traces.</summary>
    public static async Task<int> InvokeAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken = default)
    {
        var common = new CommonOptions(terminal);
        var parsed = Root(terminal, common).Parse(arguments);
        var report = new FindingReport(terminal, parsed.GetValue(common.Json));
        if (parsed.Action is ParseErrorAction)
            return report.Refuse([.. parsed.Errors.Select(error => Usage(parsed, error.Message))]);

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopWithin,
            };
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (HubException failure)
        {
            return report.Refuse(failure.Findings);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return report.Refuse([new(Codes.Unexpected, Severity.Error, "hub", failure.Message, "Look at the folder or file it names: is it there, is there room, may this user use it?")]);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Ok;
        }
    }

    private static RootCommand Root(Terminal terminal, CommonOptions common)
    {
        var root = new RootCommand(
            """
            Hub makes the records of finance, departments and filing systems searchable for a People's Congress.

            Examples:
              hub run                      start Hub and serve http://127.0.0.1:8320
              hub search 学校 "食堂改造"    search the running Hub

            Exit codes: 0 ok, 1 failed while running, 2 wrong configuration, 3 wrong environment.
            """);
        root.Add(common.Json);
        root.Add(common.Config);
        root.Add(common.Set);
        root.Add(RunCommand.Create(terminal, common));
        root.Add(ValidateCommand.Create(terminal, common));
        root.Add(DoctorCommand.Create(terminal, common));
        root.Add(SchemasCommand.Create(terminal, common));
        root.Add(StatusCommand.Create(terminal, common));
        root.Add(ReindexCommand.Create(terminal, common));
        root.Add(SearchCommand.Create(terminal, common));
        return root;
    }

    private static Finding Usage(ParseResult parsed, string message)
    {
        var command = "";
        for (var part = parsed.CommandResult; part.Command is not RootCommand; part = (CommandResult)part.Parent!)
            command = $" {part.Command.Name}{command}";
        command = $"hub{command}";
        return new(Codes.SettingInvalid, Severity.Error, command, message, $"See {command} --help.");
    }
}
