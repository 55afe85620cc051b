namespace Hub.Demo.Postgres;

/// <summary>The machine has no PostgreSQL server that fits; the sentence says what to install.</summary>
public sealed class PostgresMissingException(string message) : Exception(message);

/// <summary>The cluster cannot be made, started or stopped; the sentence says why and what to do.</summary>
public sealed class PostgresClusterException(string message) : Exception(message);
