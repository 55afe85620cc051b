using System.Runtime.CompilerServices;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Npgsql;
using Npgsql.Replication;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Brings a source to where it can read: the server is the one it knows, the slot is there and its own, and the tables that are
/// still to be read in full are held.
/// </summary>
internal sealed class PostgresBeginning(
    PostgresSourceOptions options, PostgresConnector connector, NpgsqlConnection connection, LogicalReplicationConnection replication, EnvelopeBatch batch, TimeProvider time)
{
    private readonly PostgresWaits waits = new(connector, options, time);

    /// <summary>The tables as they are, once it is done.</summary>
    public IReadOnlyList<PostgresRelation> Relations { get; private set; } = [];

    /// <summary>Where the source stands, once it is done.</summary>
    public PostgresPosition State { get; private set; } = null!;

    public PostgresLocks Locks { get; } = new(connection, connector, options);

    public IEnumerable<PostgresRelation> Unread => Relations.Where(IsUnread);

    public async IAsyncEnumerable<SourceBatch> RunAsync(
        PostgresPosition? saved, IReadOnlyList<PostgresRelation> relations, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var system = await replication.IdentifySystem(cancellationToken);
        Relations = relations;
        if (saved?.Slot == options.Slot)
        {
            State = saved;
            CheckSameServer(system.SystemId, system.Timeline);
            CheckSameTables();
        }
        else
        {
            State = new(system.SystemId, system.Timeline, options.Slot, PostgresPhase.CreatingSlot, CommitLsn: saved?.CommitLsn ?? 0);
        }

        await foreach (var step in State.Phase == PostgresPhase.CreatingSlot ? StartAsync(cancellationToken) : ResumeAsync(cancellationToken))
            yield return step;
        State = State with { Ids = Relations.ToDictionary(relation => relation.Table.QualifiedName, relation => relation.Id, StringComparer.Ordinal) };
    }

    private async IAsyncEnumerable<SourceBatch> StartAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var maker = new PostgresSlotMaker(options, connection, replication);
        string? snapshot = null;
        if (!await maker.IsMadeAsync(State, cancellationToken))
        {
            await foreach (var wait in waits.WhileAsync(async token => (State, snapshot) = await maker.DraftAsync(State, token), replication.ProcessID, cancellationToken))
                yield return Waiting(wait);
            yield return Preparing();
            await maker.FinishAsync(cancellationToken);
        }

        State = State with { Phase = PostgresPhase.Snapshot };
        await foreach (var wait in LockAsync(snapshot, cancellationToken))
            yield return wait;
        if (snapshot is not null)
            await maker.DropDraftAsync(cancellationToken);
        yield return Preparing();
    }

    /// <summary>Goes on where a restart left off; a table that was added to the definition since then is read first.</summary>
    private async IAsyncEnumerable<SourceBatch> ResumeAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var slot = await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken);
        PostgresSlot.CheckContinues(slot, State, options);
        var mapped = Relations.Select(relation => relation.Table.QualifiedName).ToHashSet(StringComparer.Ordinal);
        State = State with { Done = [.. (State.Done ?? []).Where(mapped.Contains)] };
        if (State.Phase == PostgresPhase.Streaming && Unread.Any())
            // Whatever the stream has yet to bring was written after the slot's restart LSN, so that is older than all of it.
            State = State with { Phase = PostgresPhase.Snapshot, SlotStart = slot.RestartLsn, RowsRead = 0 };

        if (State.Phase == PostgresPhase.Snapshot)
            await foreach (var wait in LockAsync(null, cancellationToken))
                yield return wait;
    }

    private async IAsyncEnumerable<SourceBatch> LockAsync(string? snapshot, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var wait in waits.WhileAsync(
            async token => Relations = await Locks.BeginAsync(Relations, snapshot, IsUnread, token), connection.ProcessID, cancellationToken))
            yield return Waiting(wait);
    }

    private bool IsUnread(PostgresRelation relation) => State.Done?.Contains(relation.Table.QualifiedName) != true;

    private SourceBatch Waiting(Finding finding) => new(batch, default, Waits: finding);

    private SourceBatch Preparing() => new(batch, State.ToSourcePosition(), Snapshot: new("", 0, 0));

    private void CheckSameServer(string system, uint timeline)
    {
        if (State.System != system)
            throw PostgresFailures.Stop(
                Codes.SourceReplaced, options.Place, $"the server at {connector.Address} is another one (system {system}) than the one read so far (system {State.System}).",
                $"Connect to the right server. If it was replaced for good: {PostgresChecks.NewGeneration}");
        if (State.Timeline != timeline)
            throw PostgresFailures.Stop(
                Codes.SourceReplaced, options.Place, $"the server at {connector.Address} is on timeline {timeline}, not {State.Timeline} as before: it was restored or promoted.",
                PostgresChecks.NewGeneration);
    }

    private void CheckSameTables()
    {
        foreach (var relation in Relations)
            if (State.Ids?.TryGetValue(relation.Table.QualifiedName, out var id) == true && id != relation.Id)
                throw PostgresFailures.TableReplaced(options.Place, relation.Table.QualifiedName);
    }
}
