using SQLitePCL;

namespace Hub.Log.Sqlite;

/// <summary>A prepared statement. Parameters count from 1 and columns from 0, as in SQLite.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    public Statement Bind(int index, long value) => Checked(raw.sqlite3_bind_int64(handle, index, value));

    public Statement Bind(int index, long? value)
        => value is { } number ? Bind(index, number) : Checked(raw.sqlite3_bind_null(handle, index));

    public Statement Bind(int index, string value) => Checked(raw.sqlite3_bind_text(handle, index, value));

    public Statement Bind(int index, ReadOnlySpan<byte> value) => Checked(raw.sqlite3_bind_blob(handle, index, value));

    /// <summary>Whether there is a row. After the last one the statement is ready to be bound and run again.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code != raw.SQLITE_DONE)
        {
            var failure = database.Failure(code);
            Reset();
            throw failure;
        }

        Reset();
        return false;
    }

    public void Run()
    {
        while (Step())
        {
        }
    }

    public void Reset() => _ = raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    /// <summary>SQLite's own memory: valid until the next call.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose() => handle.Dispose();

    private Statement Checked(int code) => code == raw.SQLITE_OK ? this : throw database.Failure(code);
}
