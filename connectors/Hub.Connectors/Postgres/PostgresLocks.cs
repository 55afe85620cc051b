using Hub.Core.Ops;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>
/// The transaction of the first full read, with the tables that it has yet to read. A table that is rewritten (ALTER TABLE, TRUNCATE)
/// is empty for every snapshot made before, so it is kept from that until it is read.
/// </summary>
internal sealed class PostgresLocks(NpgsqlConnection connection, PostgresConnector connector, PostgresSourceOptions options)
{
    /// <summary>
    /// Begins, and returns the tables as they are now and stay until they are read. Under the exported snapshot, unless a table was
    /// rewritten since then; under a later one otherwise, which is as good: the stream repeats what lies between.
    /// </summary>
    /// <param name="relations">The tables as they were before the snapshot was exported.</param>
    public async Task<IReadOnlyList<PostgresRelation>> BeginAsync(
        IReadOnlyList<PostgresRelation> relations, string? snapshot, Func<PostgresRelation, bool> isUnread, CancellationToken cancellationToken)
    {
        await LockAsync(relations.Where(isUnread), snapshot, cancellationToken);
        var locked = await LookAsync(cancellationToken);
        if (snapshot is null || locked.Select(relation => relation.Storage).SequenceEqual(relations.Select(relation => relation.Storage)))
            return locked;
        await EndAsync(cancellationToken);
        await LockAsync(relations.Where(isUnread), null, cancellationToken);
        return await LookAsync(cancellationToken);
    }

    /// <summary>The table is read: it may be rewritten.</summary>
    public Task ReleaseAsync(PostgresTable table, CancellationToken cancellationToken) => ExecuteAsync($"ROLLBACK TO SAVEPOINT {Savepoint(table)}", cancellationToken);

    public Task EndAsync(CancellationToken cancellationToken) => ExecuteAsync("COMMIT", cancellationToken);

    private async Task LockAsync(IEnumerable<PostgresRelation> relations, string? snapshot, CancellationToken cancellationToken)
    {
        await ExecuteAsync("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellationToken);
        if (snapshot is not null)
            await ExecuteAsync($"SET TRANSACTION SNAPSHOT '{snapshot}'", cancellationToken);
        // A lock ends with the savepoint before it, so the table that is read first is locked last. LOCK takes no snapshot of its own.
        foreach (var relation in relations.Reverse())
            await ExecuteAsync($"SAVEPOINT {Savepoint(relation.Table)}; LOCK TABLE {relation.QuotedName} IN ACCESS SHARE MODE", cancellationToken);
    }

    /// <summary>By a connection of its own: the snapshot shows the catalogue, too, as it was.</summary>
    private async Task<IReadOnlyList<PostgresRelation>> LookAsync(CancellationToken cancellationToken)
    {
        await using var looking = await connector.OpenAsync(cancellationToken);
        var (findings, relations) = await new PostgresChecks(options, connector, looking).RunAsync(cancellationToken);
        return findings.Count == 0 ? relations : throw new HubException(findings);
    }

    private string Savepoint(PostgresTable table) => $"hub_{options.Tables.TakeWhile(other => other != table).Count()}";

    private async Task ExecuteAsync(string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
