namespace Hub.Core.Records;

/// <summary>What happened to a record upstream. The numbers are stored in the log and never change.</summary>
public enum Operation : byte
{
    /// <summary>Read by the first full read of a source.</summary>
    Snapshot = 1,
    Create = 2,
    Update = 3,
    Delete = 4,

    /// <summary>All records of the relation with an older version are gone.</summary>
    Truncate = 5,
}
