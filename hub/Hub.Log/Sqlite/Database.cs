using Hub.Core.Ops;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Hub.Log.Sqlite;

/// <summary>
/// One connection, with statements that are prepared once and take and give bytes without a copy in between, which
/// <see cref="SqliteCommand"/> cannot. Damage is thrown as <see cref="HubException"/>, all else as <see cref="IOException"/>.
/// </summary>
internal sealed class Database : IDisposable
{
    private const int BusyMilliseconds = 10_000;
    private readonly SqliteConnection connection;
    private readonly List<Statement> statements = [];

    public Database(string path, bool readOnly)
    {
        Path = path;
        connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw Failure(failure.SqliteErrorCode, failure.Message);
        }

        _ = raw.sqlite3_busy_timeout(Handle, BusyMilliseconds);
    }

    public string Path { get; }

    private sqlite3 Handle => connection.Handle!;

    public Statement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle);
        if (code != raw.SQLITE_OK)
            throw Failure(code);
        var statement = new Statement(this, handle);
        statements.Add(statement);
        return statement;
    }

    /// <summary>Runs a statement once and gives the first column of its last row, or 0.</summary>
    public long Run(string sql)
    {
        var code = raw.sqlite3_prepare_v2(Handle, sql, out var handle);
        if (code != raw.SQLITE_OK)
            throw Failure(code);
        using var statement = new Statement(this, handle);
        var value = 0L;
        while (statement.Step())
            value = statement.Int64(0);
        return value;
    }

    /// <summary>Ends the open transaction, if there is one still; SQLite ends it by itself after some failures.</summary>
    public void RollBack()
    {
        if (raw.sqlite3_get_autocommit(Handle) == 0)
            Run("ROLLBACK");
    }

    public Exception Failure(int code) => Failure(code, raw.sqlite3_errmsg(Handle).utf8_to_string());

    public void Dispose()
    {
        foreach (var statement in statements)
            statement.Dispose();
        connection.Dispose();
    }

    private Exception Failure(int code, string message) => (code & 0xff) switch
    {
        raw.SQLITE_CORRUPT => new HubException(new Finding(
            Codes.LogDamaged, Severity.Error, Path, $"The log's file is damaged: {message}.", "Restore the data folder from a backup, or let the sources start anew in an empty one.")),
        raw.SQLITE_NOTADB => LogFile.Foreign(Path),
        _ => new IOException($"The log {Path} cannot be read or written: {message} (SQLite {code})."),
    };
}
