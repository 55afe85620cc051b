namespace Hub.Demo.Postgres;

/// <summary>What a throw-away PostgreSQL cluster needs to know.</summary>
public sealed record PostgresClusterOptions
{
    /// <summary>The folder that holds everything of the cluster; made when missing, gone on with when it holds a cluster.</summary>
    public required string Folder { get; init; }

    /// <summary>The TCP port on 127.0.0.1; null takes the port of the last run if it is free, else any free one.</summary>
    public int? Port { get; init; }

    /// <summary>False is faster and loses data when the machine (not the server) stops; for tests.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>Server settings beyond those of the cluster, as in postgresql.conf.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
