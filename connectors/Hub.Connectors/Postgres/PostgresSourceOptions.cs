using Hub.Core.Mapping;

namespace Hub.Connectors.Postgres;

/// <summary>A table that a source captures, with the columns that its document key is made of.</summary>
public sealed record PostgresTable(string Schema, string Name, IReadOnlyList<string> Key)
{
    public string QualifiedName => $"{Schema}.{Name}";

    /// <summary>For statements.</summary>
    public string QuotedName => $"{PostgresRelation.Quote(Schema)}.{PostgresRelation.Quote(Name)}";
}

/// <summary>Settings of one PostgreSQL source.</summary>
public sealed record PostgresSourceOptions
{
    /// <summary>Name of the source; the first half of its document ids.</summary>
    public required string Name { get; init; }

    /// <summary>Where the settings stand, for findings.</summary>
    public required string Place { get; init; }

    public required string ConnectionString { get; init; }

    public required string Publication { get; init; }

    public required string Slot { get; init; }

    public required IReadOnlyList<PostgresTable> Tables { get; init; }

    /// <summary>Rows of one step of the first full read.</summary>
    public int ChunkRows { get; init; } = 20_000;

    /// <summary>A batch ends once it holds this much; one larger row makes one larger batch.</summary>
    public int MaxBatchBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// How often a message is written into the upstream's log, so that the slot advances and the source's completeness is known
    /// while its tables are idle.
    /// </summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often, while streaming, it is looked whether the tables are still there and published.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>From a source definition of kind <c>postgres</c>.</summary>
    public static PostgresSourceOptions From(SourceDefinition definition) => new()
    {
        Name = definition.Name,
        Place = definition.Place,
        ConnectionString = definition.Require("connection"),
        Publication = definition.Require("publication"),
        Slot = definition.Require("slot"),
        Tables = [.. definition.Tables.Select(table => new PostgresTable(
            table.Table[..table.Table.IndexOf('.')], table.Table[(table.Table.IndexOf('.') + 1)..], table.Key))],
    };
}
