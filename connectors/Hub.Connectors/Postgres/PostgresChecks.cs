using Hub.Core.Ops;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>What must hold upstream before a source can run; each finding says what to do, with the exact statement.</summary>
internal sealed class PostgresChecks(PostgresSourceOptions options, PostgresConnector connector, NpgsqlConnection connection)
{
    public const string NewGeneration =
        "Changes may be missing, so Hub does not go on by itself. Find out what happened; then start a new generation: "
        + "give the source a new slot name in its definition, which reads everything once more, and drop the old slot, if it is still there, "
        + "because the server keeps its log for it.";

    private readonly List<Finding> findings = [];

    public static HubException WrongWalLevel(string place, string level, Exception? cause = null) => PostgresFailures.Stop(
        Codes.WalLevel, place, $"the server's wal_level is {level}, so its changes cannot be read.",
        "As an administrator: ALTER SYSTEM SET wal_level = logical; then restart the server.", cause);

    public static string Grants(PostgresSourceOptions options, string user)
        => $"ALTER ROLE \"{user}\" REPLICATION; GRANT USAGE ON SCHEMA {Join(options.Tables.Select(table => Quote(table.Schema)).Distinct(StringComparer.Ordinal))} TO \"{user}\"; "
            + $"GRANT SELECT ON {Join(options.Tables.Select(table => table.QuotedName))} TO \"{user}\";";

    /// <summary>Everything that is wrong, and the tables as they are for those that are right.</summary>
    public async Task<(IReadOnlyList<Finding> Findings, IReadOnlyList<PostgresRelation> Relations)> RunAsync(CancellationToken cancellationToken)
    {
        findings.Clear();
        await CheckServerAsync(cancellationToken);
        var hasPublication = await CheckPublicationAsync(cancellationToken);
        var relations = new List<PostgresRelation>();
        foreach (var table in options.Tables)
            if (await PostgresRelation.ReadAsync(connection, table, options.Publication, cancellationToken) is { } relation)
                CheckTable(relation, hasPublication, relations);
            else
                Fail(Codes.TableMissing, $"there is no table {table.QualifiedName} that '{connector.User}' can see.", "Correct the name in the source definition, or create the table.");
        return (findings, relations);
    }

    private async Task CheckServerAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT current_setting('wal_level'), current_setting('server_version_num')::int, rolreplication OR rolsuper, pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user",
            connection);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        if (row.GetInt32(1) < 140_000)
            Fail(Codes.ServerTooOld, $"the server is PostgreSQL {row.GetInt32(1) / 10_000}.", "Hub reads PostgreSQL 14 and newer.");
        if (row.GetString(0) != "logical")
            findings.AddRange(WrongWalLevel(options.Place, $"'{row.GetString(0)}'").Findings);
        if (!row.GetBoolean(2))
            Fail(Codes.NoReplicationRight, $"the user '{connector.User}' may not read changes.", $"As an administrator: ALTER ROLE \"{connector.User}\" REPLICATION;");
        if (row.GetBoolean(3))
            Fail(Codes.ServerTooOld, "the server is a standby.", "Connect Hub to the primary server.");
    }

    private async Task<bool> CheckPublicationAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_publication WHERE pubname = $1", connection)
        { Parameters = { new() { Value = options.Publication } } };
        var complete = (bool?)await command.ExecuteScalarAsync(cancellationToken);
        if (complete is null)
            Fail(Codes.NoPublication, $"there is no publication '{options.Publication}' in the database '{connector.Database}'.",
                $"As the tables' owner: CREATE PUBLICATION {Quote(options.Publication)} FOR TABLE {Join(options.Tables.Select(table => table.QuotedName))};");
        else if (!complete.Value)
            Fail(Codes.NoPublication, $"the publication '{options.Publication}' does not publish every kind of change.",
                $"ALTER PUBLICATION {Quote(options.Publication)} SET (publish = 'insert, update, delete, truncate');");
        return complete is not null;
    }

    private void CheckTable(PostgresRelation relation, bool hasPublication, List<PostgresRelation> good)
    {
        var before = findings.Count;
        var (name, quoted) = (relation.Table.QualifiedName, relation.QuotedName);
        if (hasPublication && !relation.IsPublished)
            Fail(Codes.TableNotPublished, $"the table {name} is not in the publication '{options.Publication}'.",
                $"ALTER PUBLICATION {Quote(options.Publication)} ADD TABLE {quoted};"
                + (relation.IsPartitioned ? $" ALTER PUBLICATION {Quote(options.Publication)} SET (publish_via_partition_root = true);" : ""));
        if (!relation.CanSelect)
            Fail(Codes.NoSelectRight, $"the user '{connector.User}' may not read {name}.", $"As an administrator: GRANT SELECT ON {quoted} TO \"{connector.User}\";");
        CheckKey(relation);
        if (findings.Count == before)
            good.Add(relation);
    }

    private void CheckKey(PostgresRelation relation)
    {
        var (name, quoted) = (relation.Table.QualifiedName, relation.QuotedName);
        var addKey = $"ADD PRIMARY KEY ({Join(relation.Table.Key.Select(Quote))});";
        if (relation.Identity == 'n')
            Fail(Codes.ReplicaIdentity, $"the table {name} has no replica identity, so updates and deletes cannot be told apart.",
                (relation.PrimaryKey.Count == 0 ? $"ALTER TABLE {quoted} {addKey} " : "") + $"ALTER TABLE {quoted} REPLICA IDENTITY DEFAULT;");
        else if (relation.Identity != 'i' && relation.PrimaryKey.Count == 0)
            Fail(Codes.TableWithoutKey,
                relation.PrimaryKeyName is null
                    ? $"the table {name} has no primary key, so updates and deletes cannot be told apart."
                    : $"the primary key of {name} is DEFERRABLE, so it does not identify a row at every moment.",
                $"ALTER TABLE {quoted} {(relation.PrimaryKeyName is { } constraint ? $"DROP CONSTRAINT {Quote(constraint)}, " : "")}{addKey}");
        else if (!relation.Table.Key.ToHashSet(StringComparer.Ordinal).SetEquals(relation.Key))
            Fail(Codes.KeyMismatch, $"the key of {name} in the source definition is ({Join(relation.Table.Key)}), but upstream it is ({Join(relation.Key)}).",
                $"Write key: [{Join(relation.Key)}].");
    }

    private void Fail(string code, string message, string suggestion) => findings.Add(new(code, Severity.Error, options.Place, message, suggestion));

    private static string Join(IEnumerable<string> names) => string.Join(", ", names);

    private static string Quote(string name) => PostgresRelation.Quote(name);
}
