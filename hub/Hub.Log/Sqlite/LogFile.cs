using System.Globalization;
using Hub.Core.Ops;

namespace Hub.Log.Sqlite;

/// <summary>The file's format and its lock.</summary>
internal static class LogFile
{
    /// <summary>"HubL" in the database's header: other programs' files are not touched.</summary>
    private const int ApplicationId = 0x4875624C;
    private const int Format = 1;

    // A segment's id is its partition and the offset of its last entry, so one search by key finds the segment that holds
    // an offset, or the next one where compaction left a gap. The partition row carries its end: offsets are never given twice.
    private static readonly string[] Schema =
    [
        "CREATE TABLE segment (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
        """
        CREATE TABLE partition (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            entries INTEGER NOT NULL, bytes INTEGER NOT NULL, compacted_until INTEGER NOT NULL)
        """,
        """
        CREATE TABLE group_offset (name TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            PRIMARY KEY (name, partition)) WITHOUT ROWID
        """,
        "CREATE TABLE checkpoint (source TEXT PRIMARY KEY, position TEXT NOT NULL, complete_as_of INTEGER, end_offsets BLOB) WITHOUT ROWID",
        string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"),
        string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Format}"),
    ];

    /// <summary>Keeps other processes out for as long as the stream is open; the system ends it with the process.</summary>
    public static FileStream Lock(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException failure) when (IsSharingViolation(failure))
        {
            throw new HubException(new Finding(
                Codes.DataFolderInUse, Severity.Error, path, "Another Hub is running on this log.",
                "Stop it, or give this one a data folder of its own."), failure);
        }
    }

    public static Database Open(string path, long maxFileBytes)
    {
        var database = new Database(path, readOnly: false);
        try
        {
            Prepare(database);
            if (maxFileBytes > 0)
                SetLimit(database, maxFileBytes);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public static HubException Foreign(string path) => new(new Finding(
        Codes.SettingInvalid, Severity.Error, path, "This file is not a log of Hub.", "Name another file, or an empty folder."));

    private static void Prepare(Database database)
    {
        // Looked at before anything is written, so that a foreign file stays as it is.
        var isNew = database.Run("SELECT count(*) FROM sqlite_master") == 0 && database.Run("PRAGMA application_id") == 0;
        if (!isNew && database.Run("PRAGMA application_id") != ApplicationId)
            throw Foreign(database.Path);
        var format = database.Run("PRAGMA user_version");
        if (format > Format)
            throw Newer(database.Path, format);

        database.Run("PRAGMA page_size = 16384");
        database.Run("PRAGMA auto_vacuum = INCREMENTAL");
        database.Run("PRAGMA journal_mode = WAL");
        if (database.Run("SELECT journal_mode = 'wal' FROM pragma_journal_mode") == 0)
            throw NoWal(database.Path);
        database.Run("PRAGMA synchronous = FULL");
        database.Run("PRAGMA cache_size = -8192");
        database.Run("PRAGMA wal_autocheckpoint = 2048");
        if (isNew)
            Create(database);
    }

    private static void Create(Database database)
    {
        database.Run("BEGIN IMMEDIATE");
        foreach (var statement in Schema)
            database.Run(statement);
        database.Run("COMMIT");
    }

    private static void SetLimit(Database database, long maxFileBytes)
    {
        var pages = Math.Max(1, maxFileBytes / database.Run("PRAGMA page_size"));
        database.Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));
    }

    private static HubException NoWal(string path) => new(new Finding(
        Codes.SettingInvalid, Severity.Error, path, "The log cannot be kept here: SQLite refuses its write-ahead log on this file system.",
        "Put the data folder on a local disk."));

    private static HubException Newer(string path, long format) => new(new Finding(
        Codes.SettingInvalid, Severity.Error, path,
        $"The log was written by a newer Hub: its format is {format}, this Hub reads up to {Format}.",
        "Run the newer Hub, or give this one another data folder."));

    private static bool IsSharingViolation(IOException failure)
    {
        const int LinuxWouldBlock = 11;
        const int MacWouldBlock = 35;
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        return failure.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;
    }
}
