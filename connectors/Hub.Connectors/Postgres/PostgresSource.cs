using System.Runtime.CompilerServices;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Captures the tables of a PostgreSQL database: first everything, under the snapshot that its replication slot exported, then
/// every change from exactly there on.
/// </summary>
public sealed class PostgresSource(PostgresSourceOptions options, TimeProvider time) : ISource
{
    private readonly EnvelopeBatch batch = new();
    private PostgresConnector connector = null!;
    private LogicalReplicationConnection? streaming;

    public string Name => options.Name;

    public async IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Here and not when the source is made: a connection string that cannot be read stops this source alone.
        connector = new(options);
        await using var steps = ReadStepsAsync(position, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await steps.MoveNextAsync())
                    break;
            }
            catch (Exception failure) when (PostgresFailures.Explain(failure, options, connector) is { } explained)
            {
                throw explained;
            }

            yield return steps.Current;
        }
    }

    public ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken)
    {
        // Told to the server with the next status update. The commit of a transaction under way is not past: it is sent again.
        streaming?.SetReplicationStatus(new NpgsqlLogSequenceNumber(PostgresPosition.Parse(position).CommitLsn));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async IAsyncEnumerable<SourceBatch> ReadStepsAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        batch.Clear();
        await using var connection = await connector.OpenAsync(cancellationToken);
        // Before the replication connection, which the server refuses without saying which right is missing.
        var (findings, relations) = await new PostgresChecks(options, connector, connection).RunAsync(cancellationToken);
        if (findings.Count > 0)
            throw new HubException(findings);
        await using var replication = await connector.OpenReplicationAsync(cancellationToken);
        replication.WalReceiverStatusInterval = TimeSpan.FromSeconds(1);
        var system = await replication.IdentifySystem(cancellationToken);

        var state = position is { } given ? PostgresPosition.Parse(given) : null;
        if (state?.Slot == options.Slot)
        {
            CheckSameServer(state, system.SystemId, system.Timeline);
            CheckSameTables(state, relations);
        }
        else
        {
            state = new(system.SystemId, system.Timeline, options.Slot, PostgresPhase.CreatingSlot, CommitLsn: state?.CommitLsn ?? 0);
        }

        var locks = new PostgresLocks(connection, connector, options);
        if (state.Phase == PostgresPhase.CreatingSlot)
        {
            var maker = new PostgresSlotMaker(options, connection, replication);
            string? snapshot = null;
            if (!await maker.IsMadeAsync(state, cancellationToken))
            {
                (state, snapshot) = await maker.DraftAsync(state, cancellationToken);
                yield return Preparing(state);
                await maker.FinishAsync(cancellationToken);
            }

            state = state with { Phase = PostgresPhase.Snapshot };
            relations = await locks.BeginAsync(relations, snapshot, _ => true, cancellationToken);
            if (snapshot is not null)
                await maker.DropDraftAsync(cancellationToken);
            yield return Preparing(state);
        }
        else
        {
            PostgresSlot.CheckContinues(await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken), state, options);
            state = await ResumeAsync(connection, relations, state, cancellationToken);
            if (state.Phase == PostgresPhase.Snapshot)
                relations = await locks.BeginAsync(relations, null, relation => IsUnread(relation, state), cancellationToken);
        }

        state = state with { Ids = relations.ToDictionary(relation => relation.Table.QualifiedName, relation => relation.Id, StringComparer.Ordinal) };
        if (state.Phase == PostgresPhase.Snapshot)
        {
            PostgresRelation[] unread = [.. relations.Where(relation => IsUnread(relation, state))];
            await foreach (var step in new PostgresSnapshot(connection, locks, options, batch).ReadAsync(unread, state, cancellationToken))
            {
                state = PostgresPosition.Parse(step.Position);
                yield return step;
            }

            await locks.EndAsync(cancellationToken);
        }

        state = state with { Phase = PostgresPhase.Streaming, Table = null, LastKey = null, KeyOrder = null };
        yield return new(batch, state.ToSourcePosition());

        streaming = replication;
        await foreach (var step in StreamAsync(replication, connection, state, cancellationToken))
            yield return step;
    }

    private SourceBatch Preparing(PostgresPosition state) => new(batch, state.ToSourcePosition(), Snapshot: new("", 0, 0));

    private async IAsyncEnumerable<SourceBatch> StreamAsync(
        LogicalReplicationConnection replication, NpgsqlConnection connection, PostgresPosition state, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var typeNames = await ReadTypeNamesAsync(connection, cancellationToken);
        await connection.CloseAsync();
        try
        {
            await foreach (var step in new PostgresStream(replication, connector, options, batch, time).ReadAsync(state, typeNames, cancellationToken))
                yield return step;
        }
        finally
        {
            streaming = null;
        }
    }

    private void CheckSameServer(PostgresPosition state, string system, uint timeline)
    {
        if (state.System != system)
            throw PostgresFailures.Stop(
                Codes.SourceReplaced, options.Place, $"the server at {connector.Address} is another one (system {system}) than the one read so far (system {state.System}).",
                $"Connect to the right server. If it was replaced for good: {PostgresChecks.NewGeneration}");
        if (state.Timeline != timeline)
            throw PostgresFailures.Stop(
                Codes.SourceReplaced, options.Place, $"the server at {connector.Address} is on timeline {timeline}, not {state.Timeline} as before: it was restored or promoted.",
                PostgresChecks.NewGeneration);
    }

    private void CheckSameTables(PostgresPosition state, IReadOnlyList<PostgresRelation> relations)
    {
        foreach (var relation in relations)
            if (state.Ids?.TryGetValue(relation.Table.QualifiedName, out var id) == true && id != relation.Id)
                throw PostgresFailures.TableReplaced(options.Place, relation.Table.QualifiedName);
    }

    /// <summary>Goes on where a restart left off; a table that was added to the definition since then is read first.</summary>
    private async Task<PostgresPosition> ResumeAsync(
        NpgsqlConnection connection, IReadOnlyList<PostgresRelation> relations, PostgresPosition state, CancellationToken cancellationToken)
    {
        var mapped = relations.Select(relation => relation.Table.QualifiedName).ToHashSet(StringComparer.Ordinal);
        state = state with { Done = [.. (state.Done ?? []).Where(mapped.Contains)] };
        if (state.Phase == PostgresPhase.Streaming && relations.Any(relation => IsUnread(relation, state)))
        {
            // Whatever the stream has yet to bring was written after the slot's restart LSN, so that is older than all of it.
            var slot = (await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken))!;
            state = state with { Phase = PostgresPhase.Snapshot, SlotStart = slot.RestartLsn, RowsRead = 0 };
        }

        return state;
    }

    private static bool IsUnread(PostgresRelation relation, PostgresPosition state) => state.Done?.Contains(relation.Table.QualifiedName) != true;

    private static async Task<Dictionary<uint, string>> ReadTypeNamesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var names = new Dictionary<uint, string>();
        await using var command = new NpgsqlCommand("SELECT oid, typname FROM pg_type", connection);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            names[row.GetFieldValue<uint>(0)] = row.GetString(1);
        return names;
    }
}
