using Hub.Core.Ops;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>What <c>hub doctor</c> finds out about a PostgreSQL source: connection, rights, publication, keys, slot, large columns.</summary>
public static class PostgresDoctor
{
    private const long SlotWarningBytes = 1L << 30;

    // Columns that may be stored out of line, of tables that do not send the whole old row.
    private const string ToastQuery = """
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname = $1 AND c.relname = $2 AND c.reltoastrelid <> 0 AND c.relreplident <> 'f'
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e') AND a.atttypmod = -1 AND a.attlen = -1
        LIMIT 1
        """;

    /// <summary>Connects and reports what is wrong; reads no row of a table.</summary>
    /// <exception cref="HubException">The connection string cannot be read.</exception>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(PostgresSourceOptions options, CancellationToken cancellationToken)
    {
        var connector = new PostgresConnector(options);
        try
        {
            await using var connection = await connector.OpenAsync(cancellationToken);
            var (problems, relations) = await new PostgresChecks(options, connector, connection).RunAsync(cancellationToken);
            var findings = new List<Finding>(problems);
            await CheckSlotAsync(connection, options, findings, cancellationToken);
            foreach (var relation in relations)
                await CheckLargeColumnsAsync(connection, relation, options, findings, cancellationToken);
            findings.AddRange(relations.Where(relation => relation.IsPartitioned).Select(relation => new Finding(
                Codes.TablePartitioned, Severity.Warning, options.Place,
                $"{relation.Table.QualifiedName} is partitioned: PostgreSQL does not tell when a single partition is truncated, detached or dropped.",
                "Delete rows through the table itself; after such a change to one partition give the source a new slot name, which reads everything again.")));
            if (problems.Count == 0)
                findings.Add(new(Codes.Examined, Severity.Information, options.Place, $"PostgreSQL at {connector.Address}: {relations.Count} tables can be captured."));
            return findings;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return (failure as HubException ?? PostgresFailures.Explain(failure, options, connector))?.Findings
                ?? [new(Codes.SourceFailed, Severity.Error, options.Place, failure.Message)];
        }
    }

    private static async Task CheckSlotAsync(NpgsqlConnection connection, PostgresSourceOptions options, List<Finding> findings, CancellationToken cancellationToken)
    {
        var slot = await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken);
        if (slot is null && await PostgresSlot.AreTooFewFreeAsync(connection, cancellationToken))
            findings.Add(PostgresFailures.NoFreeSlot(options.Place, "fewer than two of max_replication_slots are left").Findings[0]);
        if (slot is null && await PostgresWaits.ReadOpenAsync(connection, options, cancellationToken) is { } waits)
            findings.Add(waits);
        if (slot?.Problem is { } problem)
            findings.Add(slot.IsLost
                ? new(Codes.SlotLost, Severity.Error, options.Place, problem, PostgresChecks.NewGeneration)
                : PostgresFailures.SlotForeign(options, problem).Findings[0]);
        if (slot is { HeldBytes: > SlotWarningBytes })
            findings.Add(new(
                Codes.SlotHoldsWal, Severity.Warning, options.Place, $"the server keeps {slot.HeldBytes >> 20} MB of its log for the slot '{options.Slot}'.",
                "Start Hub so that it reads on, or drop the slot if the source is given up."));
        if (slot is { IsActive: true })
            findings.Add(new(Codes.SlotInUse, Severity.Information, options.Place, $"the slot '{options.Slot}' is being read, as it is while Hub runs."));
    }

    private static async Task CheckLargeColumnsAsync(
        NpgsqlConnection connection, PostgresRelation relation, PostgresSourceOptions options, List<Finding> findings, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ToastQuery, connection)
        { Parameters = { new() { Value = relation.Table.Schema }, new() { Value = relation.Table.Name } } };
        if (await command.ExecuteScalarAsync(cancellationToken) is not null)
            findings.Add(new(
                Codes.ReplicaIdentity, Severity.Information, options.Place,
                $"{relation.Table.QualifiedName} has text columns without a limit; where an update leaves a large one unchanged, Hub reads the row again.",
                $"To spare that: ALTER TABLE {relation.QuotedName} REPLICA IDENTITY FULL;"));
    }
}
