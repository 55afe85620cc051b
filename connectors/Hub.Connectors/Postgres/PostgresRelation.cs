using System.Collections.Immutable;
using Hub.Core.Records;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>A column of a table as it is now.</summary>
/// <param name="OutputFunction">What turns the column into text, for the server itself and for pgoutput.</param>
/// <param name="SqlType">Its type with its length, for casts from text: a bare <c>character</c> would cut a key to one letter.</param>
/// <param name="Collation">The server's id of the order of its text; 0 for what is not text.</param>
internal sealed record PostgresColumn(string Name, string TypeName, string OutputFunction, string SqlType, uint Collation)
{
    /// <summary>The column as text, the same text that pgoutput sends.</summary>
    public string AsText => TypeName is "text" or "varchar"
        ? $"{PostgresRelation.Quote(Name)}::text"
        : $"textin({OutputFunction}({PostgresRelation.Quote(Name)}))";
}

/// <summary>A table as it is now upstream: its published columns, its key, and whether Hub can read it.</summary>
/// <param name="Id">What stays when the table is renamed, and differs when it is dropped and made again.</param>
/// <param name="Identity">The replica identity: d(efault), f(ull), i(ndex) or n(othing).</param>
/// <param name="Key">The columns that identify a row in the change stream.</param>
/// <param name="PrimaryKey">Its columns; none when it is deferrable.</param>
/// <param name="RowFilter">The publication's filter; null for all rows.</param>
/// <param name="PrimaryKeyName">The constraint, also a deferrable one.</param>
/// <param name="Storage">The files of the table and its partitions; others after it was rewritten.</param>
internal sealed record PostgresRelation(
    PostgresTable Table, uint Id, IReadOnlyList<PostgresColumn> Columns, char Identity, IReadOnlyList<string> PrimaryKey, IReadOnlyList<string> Key,
    bool IsPublished, bool IsPartitioned, bool CanSelect, long EstimatedRows, string? RowFilter, string? PrimaryKeyName, string Storage)
{
    private const string TableQuery = """
        SELECT c.oid, c.relreplident::text, c.relkind = 'p', has_table_privilege(c.oid, 'SELECT'), c.reltuples::bigint,
               p.tablename IS NOT NULL, to_jsonb(p) -> 'attnames', to_jsonb(p) ->> 'rowfilter',
               (SELECT k.conname FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'),
               (WITH RECURSIVE part (id) AS (SELECT c.oid UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN part ON i.inhparent = part.id)
                SELECT string_agg(part.id || ':' || coalesce(pg_relation_filenode(part.id), 0), ' ' ORDER BY part.id) FROM part)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_publication_tables p ON p.pubname = $3 AND p.schemaname = n.nspname AND p.tablename = c.relname
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
        """;

    private const string ColumnQuery = """
        SELECT a.attname, t.typname, t.typoutput::regproc::text, format_type(a.atttypid, a.atttypmod), a.attcollation
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum
        """;

    private const string KeyQuery = """
        SELECT i.indisprimary, a.attname
        FROM pg_index i, LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = k.attnum
        WHERE i.indrelid = $1 AND i.indimmediate AND i.indisvalid AND (i.indisprimary OR i.indisreplident)
        ORDER BY i.indisprimary, k.place
        """;

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public string QuotedName => Table.QuotedName;

    /// <summary>What decides how the rows sort by their key.</summary>
    public string KeyOrder => string.Join(", ", Key.Select(name => Columns.First(column => column.Name == name)).Select(column => $"{column.Name} {column.SqlType} {column.Collation}"));

    public RelationShape ToShape() => new(
        Table.QualifiedName, [.. Columns.Select(column => new ColumnShape(column.Name, column.TypeName, Key.Contains(column.Name, StringComparer.Ordinal)))]);

    /// <summary>The table, or null when there is none that the user can see.</summary>
    public static async Task<PostgresRelation?> ReadAsync(NpgsqlConnection connection, PostgresTable table, string publication, CancellationToken cancellationToken)
    {
        PostgresRelation relation;
        string? publishedColumns;
        await using (var command = Command(connection, TableQuery, table.Schema, table.Name, publication))
        await using (var row = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await row.ReadAsync(cancellationToken))
                return null;
            publishedColumns = row.IsDBNull(6) ? null : row.GetString(6);
            relation = new(
                table, row.GetFieldValue<uint>(0), [], row.GetString(1)[0], [], [], row.GetBoolean(5), row.GetBoolean(2), row.GetBoolean(3), row.GetInt64(4),
                row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetString(8), row.GetString(9));
        }

        var published = publishedColumns is null ? null : System.Text.Json.JsonSerializer.Deserialize<string[]>(publishedColumns);
        var columns = (await ReadColumnsAsync(connection, relation.Id, cancellationToken))
            .Where(column => published is null or { Length: 0 } || published.Contains(column.Name, StringComparer.Ordinal)).ToImmutableArray();
        var (primary, identity) = await ReadKeysAsync(connection, relation.Id, cancellationToken);
        return relation with { Columns = columns, PrimaryKey = primary, Key = relation.Identity == 'i' ? identity : primary };
    }

    private static async Task<List<PostgresColumn>> ReadColumnsAsync(NpgsqlConnection connection, uint oid, CancellationToken cancellationToken)
    {
        var columns = new List<PostgresColumn>();
        await using var command = Command(connection, ColumnQuery, oid);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            columns.Add(new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<uint>(4)));
        return columns;
    }

    private static async Task<(List<string> Primary, List<string> Identity)> ReadKeysAsync(NpgsqlConnection connection, uint oid, CancellationToken cancellationToken)
    {
        List<string> primary = [], identity = [];
        await using var command = Command(connection, KeyQuery, oid);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            (row.GetBoolean(0) ? primary : identity).Add(row.GetString(1));
        // An index that is both the primary key and the replica identity is reported as the primary key.
        return (primary, identity.Count > 0 ? identity : primary);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string text, params object[] values)
    {
        var command = new NpgsqlCommand(text, connection);
        foreach (var value in values)
            command.Parameters.Add(value is uint oid ? new() { Value = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid } : new() { Value = value });
        return command;
    }
}
