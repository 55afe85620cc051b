using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Hub.Demo.Postgres;

/// <summary>
/// A PostgreSQL cluster of its own in one folder, ready for logical replication, on 127.0.0.1 alone. Starting goes on with what the
/// folder holds, also after a kill -9. Stopping ends the server unless another living process started it.
/// </summary>
public sealed class PostgresCluster(PostgresClusterOptions options, TimeProvider time) : IAsyncDisposable
{
    private const int StartAttempts = 20;
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(500);

    private readonly ClusterFolder _folder = new(options.Folder);
    private PostgresBinaries? _binaries;
    private bool _owned;

    /// <summary>The TCP port, once started.</summary>
    public int Port { get; private set; }

    /// <summary>A connection as the superuser.</summary>
    public string ConnectionString(string database = "postgres") => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = Port, Username = ServerCommand.ServerUser, Password = _folder.Password, Database = database,
    }.ConnectionString;

    /// <summary>Makes the cluster when the folder holds none, and starts its server unless it runs.</summary>
    /// <exception cref="PostgresMissingException">The machine has no server programs that fit.</exception>
    /// <exception cref="PostgresClusterException">The server cannot be made or started.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _binaries = await PostgresBinaries.FindAsync(_folder.MajorVersion, cancellationToken);
        await _folder.PrepareAsync(cancellationToken);
        _owned = _folder.TryOwn();
        if (!_folder.HasData)
            await CreateAsync(cancellationToken);
        if (!await IsRunningAsync(cancellationToken))
        {
            await LaunchAsync(cancellationToken);
            _owned = _folder.Own();
        }
        _folder.WritePort(Port);
    }

    /// <summary>Ends the server cleanly; a server that another living process owns goes on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_owned || _binaries is null)
            return;

        NpgsqlConnection.ClearAllPools();
        var result = await ControlAsync(["stop", "-w", "-m", "fast"], cancellationToken);
        if (result.ExitCode != 0 && _folder.RunningPort is not null)
            throw new PostgresClusterException($"The server in {_folder.Server} did not stop: {result.Output.Trim()}");
        _folder.Disown();
        _owned = false;
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        await _folder.WritePasswordAsync(cancellationToken);
        // An initdb that was killed leaves half a cluster: it is made beside and renamed when whole.
        var unfinished = _folder.Data + ".new";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        string[] arguments = ["-D", unfinished, "-U", ServerCommand.ServerUser, "--pwfile", _folder.PasswordFile,
            "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", .. options.Fsync ? (string[])[] : ["--no-sync"]];
        var result = await ServerCommand.RunAsServerAsync(_binaries!.Path("initdb"), arguments, cancellationToken);
        if (result.ExitCode != 0)
            throw new PostgresClusterException($"initdb could not make a cluster in {_folder.Server}: {result.Output.Trim()}");
        Directory.Move(unfinished, _folder.Data);
    }

    private async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        if ((await ControlAsync(["status"], cancellationToken)).ExitCode != 0 || _folder.RunningPort is not { } port)
            return false;

        Port = port;
        try
        {
            // A stale lock file may carry the process id of a stranger: only a server that knows our password and folder is ours.
            await using var connection = new NpgsqlConnection(ConnectionString());
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("SHOW data_directory", connection);
            return (string?)await command.ExecuteScalarAsync(cancellationToken) == _folder.Data;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            Port = options.Port ?? ChoosePort();
            _folder.RemoveStaleLock();
            var logged = _folder.LogLength;
            var result = await ControlAsync(["start", "-w", "-t", "120", "-l", _folder.Log, "-o", ServerArguments()], cancellationToken);
            if (result.ExitCode == 0)
                return;
            if (attempt == StartAttempts || !MayPass(_folder.LogSince(logged)))
                throw new PostgresClusterException($"The server in {_folder.Server} did not start on port {Port}: {result.Output.Trim()}\n{_folder.LogSince(logged)}");
            await Task.Delay(StartPause, time, cancellationToken);
        }
    }

    // After a kill -9 the last backends hold the shared memory for a moment; a port may be taken between the choice and the start.
    private bool MayPass(string log)
        => log.Contains("still in use", StringComparison.Ordinal)
            || log.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal)
            || options.Port is null && log.Contains("Address already in use", StringComparison.Ordinal);

    private int ChoosePort() => _folder.LastPort is { } last && IsFree(last) ? last : FreePort();

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string ServerArguments()
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1", ["port"] = Port.ToString(CultureInfo.InvariantCulture), ["unix_socket_directories"] = "",
            ["wal_level"] = "logical", ["max_replication_slots"] = "20", ["max_wal_senders"] = "20", ["max_connections"] = "100",
            ["shared_preload_libraries"] = "", ["fsync"] = options.Fsync ? "on" : "off", ["timezone"] = "Asia/Shanghai", ["log_timezone"] = "UTC",
            ["shared_buffers"] = "128MB", ["max_wal_size"] = "4GB",
        };
        foreach (var (name, value) in options.Settings)
            settings[name] = value;
        return string.Join(' ', settings.Select(each => $"-c {each.Key}='{each.Value}'"));
    }

    private Task<CommandResult> ControlAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
        => ServerCommand.RunAsServerAsync(_binaries!.Path("pg_ctl"), [arguments[0], "-D", _folder.Data, .. arguments.Skip(1)], cancellationToken);
}
