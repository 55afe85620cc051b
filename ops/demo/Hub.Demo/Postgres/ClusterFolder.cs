using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Hub.Demo.Postgres;

/// <summary>
/// The files of one cluster: <c>server/</c> belongs to the server's user and holds the data, the log and the superuser's password;
/// <c>owner</c> names the process that stops the server, <c>port</c> the port of the last run.
/// </summary>
internal sealed class ClusterFolder(string folder)
{
    private readonly string _folder = Path.GetFullPath(folder);

    public string Server => Path.Combine(_folder, "server");

    public string Data => Path.Combine(Server, "data");

    public string Log => Path.Combine(Server, "server.log");

    public string PasswordFile => Path.Combine(Server, "superuser");

    public bool HasData => Directory.Exists(Data);

    private string OwnerFile => Path.Combine(_folder, "owner");

    private string PortFile => Path.Combine(_folder, "port");

    public int? LastPort => int.TryParse(ReadOrNull(PortFile), CultureInfo.InvariantCulture, out var port) ? port : null;

    public string Password => File.ReadAllText(PasswordFile).Trim();

    public int? MajorVersion
        => ReadOrNull(Path.Combine(Data, "PG_VERSION")) is { } text ? int.Parse(text.Split('.')[0], CultureInfo.InvariantCulture) : null;

    private string LockFile => Path.Combine(Data, "postmaster.pid");

    /// <summary>The port that the running server wrote down.</summary>
    public int? RunningPort
        => ReadOrNull(LockFile)?.Split('\n') is { Length: > 3 } lines
            && int.TryParse(lines[3], CultureInfo.InvariantCulture, out var port) ? port : null;

    public int LogLength => ReadOrNull(Log)?.Length ?? 0;

    /// <summary>The last lines that the server wrote since its log was so long.</summary>
    public string LogSince(int length)
        => string.Join('\n', (ReadOrNull(Log) ?? "")[length..].Trim().Split('\n').TakeLast(8));

    /// <summary>
    /// Removes the lock file of a server that was killed. PostgreSQL does so itself, unless the process id in it is taken again or
    /// belongs to a dead process nobody waited for. All processes of a server work in its data folder: while one lives, the lock stays.
    /// </summary>
    public void RemoveStaleLock()
    {
        if (!File.Exists(LockFile) || !Directory.Exists("/proc/self"))
            return;

        if (!Directory.EnumerateDirectories("/proc").Any(process => WorksIn(process, Data)))
            File.Delete(LockFile);
    }

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Server);
        await ServerCommand.GiveToServerAsync(Server, cancellationToken);
        if (ServerCommand.IsRoot && (await ServerCommand.RunAsServerAsync("test", ["-w", Server], cancellationToken)).ExitCode != 0)
            throw new PostgresClusterException($"PostgreSQL never runs as root, and the user {ServerCommand.ServerUser} cannot reach {Server}; "
                + "choose a folder whose parents everyone may enter, for example below /var/tmp.");
    }

    public async Task WritePasswordAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(PasswordFile, "", cancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(PasswordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(PasswordFile, RandomNumberGenerator.GetHexString(32, lowercase: true), cancellationToken);
        await ServerCommand.GiveToServerAsync(PasswordFile, cancellationToken);
    }

    public void WritePort(int port) => File.WriteAllText(PortFile, port.ToString(CultureInfo.InvariantCulture));

    /// <summary>False while another living process owns the server: it may be used, but not stopped.</summary>
    public bool TryOwn()
    {
        if (ReadOrNull(OwnerFile) is { } owner && owner != Identity(Environment.ProcessId) && IsAlive(owner))
            return false;

        return Own();
    }

    public bool Own()
    {
        File.WriteAllText(OwnerFile, Identity(Environment.ProcessId));
        return true;
    }

    public void Disown() => File.Delete(OwnerFile);

    private static bool WorksIn(string process, string folder)
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(process)[0])
                && Directory.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName == folder;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsAlive(string owner)
        => int.TryParse(owner.Split(' ')[0], CultureInfo.InvariantCulture, out var id) && Identity(id) == owner && !IsZombie(id);

    // A killed process that its parent did not wait for still has its id.
    private static bool IsZombie(int id)
        => ReadOrNull($"/proc/{id}/stat") is { } stat && stat[(stat.LastIndexOf(')') + 1)..].StartsWith(" Z", StringComparison.Ordinal);

    // A process id alone may have been given to another process since.
    private static string? Identity(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return string.Create(CultureInfo.InvariantCulture, $"{id} {process.StartTime.Ticks / TimeSpan.TicksPerSecond}");
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
