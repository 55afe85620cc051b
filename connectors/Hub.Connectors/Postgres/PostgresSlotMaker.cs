using Hub.Core.Ops;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Makes the slot of a source. The server does not tell who made a slot, so it is first drafted: a temporary slot, which goes with
/// the connection. Its addresses are saved, then it is copied to the name of the definition. After a crash in between, a slot of
/// that name at those very addresses is Hub's own; any other is somebody else's, and is never touched.
/// </summary>
internal sealed class PostgresSlotMaker(
    PostgresSourceOptions options, NpgsqlConnection connection, LogicalReplicationConnection replication)
{
    private const int MaxNameLength = 63;
    private const string DraftEnding = "_draft";

    public static string DraftName(string slot) => slot[..Math.Min(slot.Length, MaxNameLength - DraftEnding.Length)] + DraftEnding;

    /// <summary>Whether the slot is there already, copied before a crash and not yet read.</summary>
    /// <exception cref="HubException">Another slot has its name.</exception>
    public async Task<bool> IsMadeAsync(PostgresPosition state, CancellationToken cancellationToken)
    {
        if (await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken) is not { } slot)
            return false;
        if (slot.Problem is null && slot.RestartLsn == state.SlotStart && slot.ConfirmedLsn == state.CommitLsn)
            return true;
        throw PostgresFailures.SlotForeign(options, slot.Problem);
    }

    /// <summary>The state to save before <see cref="FinishAsync"/>, and the snapshot that shows what the slot will not.</summary>
    /// <param name="state">Of which only the server, and how far an earlier generation has read.</param>
    public async Task<(PostgresPosition State, string Snapshot)> DraftAsync(PostgresPosition state, CancellationToken cancellationToken)
    {
        var name = DraftName(options.Slot);
        var created = await replication.CreatePgOutputReplicationSlot(
            name, temporarySlot: true, slotSnapshotInitMode: LogicalSlotSnapshotInitMode.Export, cancellationToken: cancellationToken);
        var draft = (await PostgresSlot.ReadAsync(connection, name, cancellationToken))!;
        if (draft.RestartLsn < state.CommitLsn)
            throw PostgresFailures.Stop(
                Codes.SourceReplaced, options.Place,
                $"the server's log is at {new NpgsqlLogSequenceNumber(draft.RestartLsn)}, before {new NpgsqlLogSequenceNumber(state.CommitLsn)}, up to which Hub has read an earlier one: what is read now would count as older than what Hub holds.",
                "Give Hub an empty data folder (--set data=…), where everything is read anew.");
        return (state with { SlotStart = draft.RestartLsn, CommitLsn = draft.ConfirmedLsn }, created.SnapshotName!);
    }

    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_copy_logical_replication_slot($1, $2, false)", connection)
        { Parameters = { new() { Value = DraftName(options.Slot) }, new() { Value = options.Slot } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends the exported snapshot, too; the server keeps nothing for the draft any more.</summary>
    public Task DropDraftAsync(CancellationToken cancellationToken) => replication.DropReplicationSlot(DraftName(options.Slot), cancellationToken: cancellationToken);
}
