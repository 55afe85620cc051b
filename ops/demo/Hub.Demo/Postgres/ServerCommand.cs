using System.ComponentModel;
using System.Diagnostics;

namespace Hub.Demo.Postgres;

/// <summary>What a finished program said.</summary>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs a program of the server, and never as root: root runs it as the user <c>postgres</c>.</summary>
internal static class ServerCommand
{
    public const string ServerUser = "postgres";

    public static bool IsRoot { get; } = !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>Null when the program does not exist.</summary>
    public static async Task<CommandResult?> TryRunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(program, arguments, cancellationToken);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>As the user that owns the server.</summary>
    public static async Task<CommandResult> RunAsServerAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (!IsRoot)
            return await RunAsync(program, arguments, cancellationToken);

        return await TryRunAsync("setpriv", ["--reuid", ServerUser, "--regid", ServerUser, "--init-groups", "--", program, .. arguments], cancellationToken)
            ?? await TryRunAsync("runuser", ["-u", ServerUser, "--", program, .. arguments], cancellationToken)
            ?? throw new PostgresMissingException("PostgreSQL never runs as root, and neither setpriv nor runuser is here; install them with `apt-get install util-linux`.");
    }

    /// <summary>Hands a file or folder to the user that owns the server; nothing to do unless root.</summary>
    public static async Task GiveToServerAsync(string path, CancellationToken cancellationToken)
    {
        if (!IsRoot)
            return;

        var result = await RunAsync("chown", [$"{ServerUser}:{ServerUser}", path], cancellationToken);
        if (result.ExitCode != 0)
            throw new PostgresClusterException($"{path} cannot be given to the user {ServerUser}, who runs the server instead of root: {result.Output.Trim()}");
    }

    private static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        // The server's user may not be allowed into our working directory.
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new CommandResult(process.ExitCode, await output + await errors);
    }
}
