using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.Internal;
using NpgsqlTypes;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Follows the slot: reads messages, decodes them into batches, and hands a batch over when it is full, or when nothing more has
/// arrived after a commit. Only a transaction larger than a batch is cut.
/// </summary>
internal sealed class PostgresStream(
    LogicalReplicationConnection replication, PostgresConnector connector, PostgresSourceOptions options, EnvelopeBatch batch, TimeProvider time)
{
    // Known to this reading alone: who knows it could make Hub believe that it is complete.
    private readonly string heartbeatPrefix = $"hub-heartbeat:{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
    private byte[] message = new byte[64 * 1024];

    public async IAsyncEnumerable<SourceBatch> ReadAsync(
        PostgresPosition state, IReadOnlyDictionary<uint, string> typeNames, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var decoder = new PgOutputDecoder(
            batch, options, state.Ids!,
            oid => typeNames.GetValueOrDefault(oid, "unknown"), heartbeatPrefix, (state.CommitLsn, state.Index));
        await using var rows = new UnchangedRowReader(connector, options, batch);
        var messages = Start(state, stopping.Token).GetAsyncEnumerator(stopping.Token);
        var heartbeat = SendHeartbeatsAsync(stopping.Token);
        var next = Task.FromResult(true);
        var isChecked = false;
        try
        {
            for (var place = decoder.Place; ;)
            {
                var step = messages.MoveNextAsync();
                next = step.IsCompletedSuccessfully ? Task.FromResult(await step) : step.AsTask();
                // The server sends a transaction in one go; whoever has its beginning waits for the rest, so that one which fits is given whole.
                var isDue = batch.SizeInBytes >= options.MaxBatchBytes || (!next.IsCompleted && decoder.Place.Index == 0);
                // A heartbeat right behind a commit stands where the commit ends: it moves no place, yet it tells of completeness.
                if (isDue && (decoder.Place != place || decoder.HasHeartbeat))
                {
                    await rows.FillAsync(decoder, cancellationToken);
                    place = decoder.Place;
                    state = state with { CommitLsn = place.CommitLsn, Index = place.Index };
                    yield return new(batch, state.ToSourcePosition(), Microseconds.ToMoment(decoder.TakeHeartbeat()));
                    batch.Clear();
                }

                if (!next.IsCompleted && await Task.WhenAny(next, heartbeat) == heartbeat)
                    await heartbeat;
                if (!await next)
                    break;
                if (!isChecked)
                    await CheckSlotAsync(state, cancellationToken);
                isChecked = true;
                await DecodeAsync(messages.Current, decoder, cancellationToken);
            }
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(next, heartbeat).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await messages.DisposeAsync();
        }
    }

    private IAsyncEnumerable<XLogDataMessage> Start(PostgresPosition state, CancellationToken cancellationToken)
        => replication.StartLogicalReplication(
            new Slot(options.Slot, new NpgsqlLogSequenceNumber(state.CommitLsn)), cancellationToken, new NpgsqlLogSequenceNumber(state.CommitLsn),
            [
                new("proto_version", "1"),
                new("publication_names", PostgresRelation.Quote(options.Publication)),
                new("messages", "true"),
            ]);

    /// <summary>
    /// Whether the slot that is read now is the one that was looked at before: the server goes on without a word where a slot of
    /// that name stands by now. Nothing was acknowledged yet, so it stands where it was found.
    /// </summary>
    private async Task CheckSlotAsync(PostgresPosition state, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(cancellationToken);
        PostgresSlot.CheckSame(await PostgresSlot.ReadAsync(connection, options.Slot, cancellationToken), state, options);
    }

    private async ValueTask DecodeAsync(XLogDataMessage received, PgOutputDecoder decoder, CancellationToken cancellationToken)
    {
        var length = (int)received.Data.Length;
        if (message.Length < length)
            message = new byte[Math.Max(length, message.Length * 2)];
        await received.Data.ReadExactlyAsync(message.AsMemory(0, length), cancellationToken);
        decoder.Decode(message.AsSpan(0, length), (ulong)received.WalStart, Microseconds.Of(received.ServerClock));
        const int KeepBytes = 4 * 1024 * 1024;
        if (message.Length > KeepBytes)
            message = new byte[64 * 1024];
    }

    /// <summary>Idle tables write no changes, yet the slot must advance and the source's completeness be known; a message does both.</summary>
    private async Task SendHeartbeatsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(cancellationToken);
        // As a parameter, it does not stand in pg_stat_activity.
        await using var command = new NpgsqlCommand("SELECT pg_logical_emit_message(false, $1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text)", connection)
        { Parameters = { new() { Value = heartbeatPrefix } } };
        for (var looked = time.GetTimestamp(); ;)
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
            await Task.Delay(options.Heartbeat, time, cancellationToken);
            if (time.GetElapsedTime(looked) < options.LookInterval)
                continue;
            // A table that was dropped or taken out of the publication sends nothing any more, which looks like a table at rest.
            var (findings, _) = await new PostgresChecks(options, connector, connection).RunAsync(cancellationToken);
            if (findings.Count > 0)
                throw new HubException(findings);
            looked = time.GetTimestamp();
        }
    }

    private sealed class Slot(string name, NpgsqlLogSequenceNumber start)
        : LogicalReplicationSlot("pgoutput", new ReplicationSlotOptions(name, start));
}
