using System.Globalization;
using System.Text.RegularExpressions;

namespace Hub.Demo.Postgres;

/// <summary>A folder with the PostgreSQL server programs, and their version.</summary>
public sealed partial record PostgresBinaries(string Folder, Version Version)
{
    private const string Variable = "HUB_POSTGRES_BIN";

    /// <summary>The newest server programs of the machine; of one major version, when a cluster asks for it.</summary>
    /// <exception cref="PostgresMissingException">There are none that fit.</exception>
    public static async Task<PostgresBinaries> FindAsync(int? major, CancellationToken cancellationToken)
    {
        var found = new List<PostgresBinaries>();
        foreach (var folder in await CandidatesAsync(cancellationToken))
            if (await ReadAsync(folder, cancellationToken) is { } binaries)
                found.Add(binaries);

        return found.Where(each => major is null || each.Version.Major == major).MaxBy(each => each.Version)
            ?? throw new PostgresMissingException(Missing(major, found));
    }

    public string Path(string program) => System.IO.Path.Combine(Folder, program);

    private static string Missing(int? major, List<PostgresBinaries> found) => (major, found.Count) switch
    {
        (_, 0) => $"No PostgreSQL server programs were found; install them with `apt-get install postgresql`, or name their folder in {Variable}.",
        _ => $"The cluster was made by PostgreSQL {major}, the machine has {string.Join(", ", found.Select(each => each.Version))}; "
            + $"install it with `apt-get install postgresql-{major}`, or choose another folder for the cluster.",
    };

    private static async Task<IReadOnlyCollection<string>> CandidatesAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return [named];

        var folders = new HashSet<string>();
        if (Directory.Exists("/usr/lib/postgresql"))
            folders.UnionWith(Directory.GetDirectories("/usr/lib/postgresql").Select(each => System.IO.Path.Combine(each, "bin")));
        var asked = await ServerCommand.TryRunAsync("pg_config", ["--bindir"], cancellationToken);
        if (asked is { ExitCode: 0 })
            folders.Add(asked.Output.Trim());
        return folders;
    }

    private static async Task<PostgresBinaries?> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        string[] needed = ["initdb", "pg_ctl", "postgres"];
        if (!needed.All(program => File.Exists(System.IO.Path.Combine(folder, program))))
            return null;

        var answer = await ServerCommand.TryRunAsync(System.IO.Path.Combine(folder, "postgres"), ["--version"], cancellationToken);
        var match = VersionPattern().Match(answer?.Output ?? "");
        return match.Success ? new PostgresBinaries(folder, new Version(Number(match, 1), Number(match, 2))) : null;
    }

    private static int Number(Match match, int group)
        => match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)(?:\.(\d+))?")]
    private static partial Regex VersionPattern();
}
