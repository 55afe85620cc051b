namespace Hub.Log.Sqlite;

/// <summary>Where the log lives and how it is kept. One process at a time opens it.</summary>
public sealed record SqliteLogOptions
{
    /// <summary>The database file; its folder is created when it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Appends fail, and lose nothing, once the file would grow beyond this. 0 sets no limit.</summary>
    public long MaxFileBytes { get; init; }

    /// <summary>The newest segments of a partition, which compaction leaves as they were written.</summary>
    public int KeepSegments { get; init; } = 8;

    /// <summary>How many keys compaction holds in memory at a time, at about 60 bytes each; more keys take more rounds.</summary>
    public int CompactionKeys { get; init; } = 500_000;

    /// <summary>Compacting all partitions passes over those whose uncompacted share is smaller than this.</summary>
    public double MinDirtyRatio { get; init; } = 0.5;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What a topic holds, counted after compaction.</summary>
/// <param name="Bytes">As stored, without the database's own overhead.</param>
public sealed record TopicSize(string Topic, long Entries, long Bytes);
