using System.Diagnostics.CodeAnalysis;
using Hub.Core.Ops;
using Npgsql;
using NpgsqlTypes;

namespace Hub.Connectors.Postgres;

/// <summary>A replication slot as the server reports it.</summary>
/// <param name="HeldBytes">How much of its log the server keeps for the slot.</param>
internal sealed record PostgresSlot(
    string Name, string? Plugin, string? Database, bool IsOfThisDatabase, bool IsActive, string? WalStatus, ulong RestartLsn, ulong ConfirmedLsn, long HeldBytes)
{
    private const string Query = """
        SELECT plugin, database, active, wal_status, restart_lsn, confirmed_flush_lsn,
               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, database IS NOT DISTINCT FROM current_database()
        FROM pg_replication_slots WHERE slot_name = $1
        """;

    public static async Task<PostgresSlot?> ReadAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Query, connection) { Parameters = { new() { Value = name } } };
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        return new(
            name, row.IsDBNull(0) ? null : row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetBoolean(7), row.GetBoolean(2),
            row.IsDBNull(3) ? null : row.GetString(3), Lsn(row, 4), Lsn(row, 5), row.IsDBNull(6) ? 0 : row.GetInt64(6));
    }

    /// <summary>Whether there is no room for a slot and, while it is made, its draft.</summary>
    public static async Task<bool> AreTooFewFreeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) + 2 > current_setting('max_replication_slots')::int FROM pg_replication_slots", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public bool IsLost => WalStatus == "lost";

    /// <summary>Why Hub cannot read it, whoever made it; null when it can.</summary>
    public string? Problem => this switch
    {
        { IsLost: true } => $"the server has discarded the changes that the slot '{Name}' held (max_slot_wal_keep_size).",
        { Plugin: null } => $"the slot '{Name}' is a physical one.",
        { Plugin: not "pgoutput" } => $"the slot '{Name}' belongs to the plugin '{Plugin}'.",
        { IsOfThisDatabase: false } => $"the slot '{Name}' belongs to the database '{Database}'.",
        _ => null,
    };

    /// <summary>Refuses to go on where a change may be missing between the saved position and what the slot still holds.</summary>
    /// <exception cref="HubException">The slot is not, or no longer, the one the position was made with.</exception>
    public static void CheckContinues([NotNull] PostgresSlot? slot, PostgresPosition state, PostgresSourceOptions options)
    {
        CheckSame(slot, state, options);
        if (slot.IsActive)
            throw PostgresFailures.Transient(
                Codes.SlotInUse, options.Place, $"the slot '{options.Slot}' is in use by another reader.",
                "Stop the other reader (another Hub?), or give this source a slot of its own.");
    }

    /// <summary>The same, of the slot that Hub itself has begun to read: nobody else can change it any more.</summary>
    /// <exception cref="HubException">The slot is not, or no longer, the one the position was made with.</exception>
    public static void CheckSame([NotNull] PostgresSlot? slot, PostgresPosition state, PostgresSourceOptions options)
    {
        var problem = slot is null ? $"the slot '{options.Slot}' is gone." : slot.Problem;
        if (slot?.ConfirmedLsn > state.CommitLsn)
            problem ??= $"the slot '{options.Slot}' is at {new NpgsqlLogSequenceNumber(slot.ConfirmedLsn)}, past Hub's checkpoint {new NpgsqlLogSequenceNumber(state.CommitLsn)}: it was recreated, or someone else read from it.";
        if (slot is null || problem is not null)
            throw PostgresFailures.Stop(Codes.SlotLost, options.Place, problem!, PostgresChecks.NewGeneration);
    }

    private static ulong Lsn(NpgsqlDataReader row, int column)
        => row.IsDBNull(column) ? 0 : (ulong)row.GetFieldValue<NpgsqlLogSequenceNumber>(column);
}
