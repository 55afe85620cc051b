namespace Hub.Index.Lucene;

/// <summary>Where the index is and how much memory it may take.</summary>
public sealed class LuceneIndexOptions
{
    /// <summary>The folder holds all subjects; it is made when it is not there.</summary>
    public required string Folder { get; set; }

    /// <summary>Documents not yet flushed to a segment.</summary>
    public int RamBufferMegabytes { get; set; } = 16;

    /// <summary>Versions written since the last refresh; more than this and the index refreshes by itself.</summary>
    public int MaxPendingVersions { get; set; } = 200_000;
}
