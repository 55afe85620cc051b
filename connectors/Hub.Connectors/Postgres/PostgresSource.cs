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
        var beginning = new PostgresBeginning(options, connector, connection, replication, batch, time);
        await foreach (var step in beginning.RunAsync(position is { } given ? PostgresPosition.Parse(given) : null, relations, cancellationToken))
            yield return step;

        var state = beginning.State;
        if (state.Phase == PostgresPhase.Snapshot)
        {
            await foreach (var step in new PostgresSnapshot(connection, beginning.Locks, options, batch).ReadAsync([.. beginning.Unread], state, cancellationToken))
            {
                state = PostgresPosition.Parse(step.Position);
                yield return step;
            }

            await beginning.Locks.EndAsync(cancellationToken);
        }

        state = state with { Phase = PostgresPhase.Streaming, Table = null, LastKey = null, KeyOrder = null };
        yield return new(batch, state.ToSourcePosition());

        streaming = replication;
        await foreach (var step in StreamAsync(replication, connection, state, cancellationToken))
            yield return step;
    }

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
