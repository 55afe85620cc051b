using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Hub.Core.Records;
using Hub.Core.Sources;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>
/// The first full read: each table in the order of its key, in steps, so that a restart goes on after the last row that is
/// durable. A restart reads the rest from a later moment than the slot's; the stream then repeats what lies between, with
/// higher versions, so the end is the same.
/// </summary>
internal sealed class PostgresSnapshot(NpgsqlConnection connection, PostgresLocks locks, PostgresSourceOptions options, EnvelopeBatch batch)
{
    private readonly byte[] position = new byte[PostgresPosition.EntryLength];

    public async IAsyncEnumerable<SourceBatch> ReadAsync(
        IReadOnlyList<PostgresRelation> relations, PostgresPosition state, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PostgresPosition.FormatEntry(position, state.SlotStart, 0);
        var expected = state.RowsRead;
        foreach (var relation in relations)
            expected += await CountAsync(relation, cancellationToken);
        if (state.Table is not null)
            expected = Math.Max(state.RowsRead, expected - state.RowsRead);

        foreach (var relation in relations)
        {
            var lastKey = state.Table == relation.Table.QualifiedName && state.KeyOrder == relation.KeyOrder ? state.LastKey : null;
            await foreach (var (count, key) in ReadTableAsync(relation, lastKey, state.SlotStart, cancellationToken))
            {
                state = state with { Table = relation.Table.QualifiedName, LastKey = key, KeyOrder = relation.KeyOrder, RowsRead = state.RowsRead + count };
                yield return new(batch, state.ToSourcePosition(), Snapshot: new(relation.Table.QualifiedName, state.RowsRead, Math.Max(expected, state.RowsRead)));
                batch.Clear();
            }

            await locks.ReleaseAsync(relation.Table, cancellationToken);
            AddSweep(relation.ToShape(), state.SlotStart);
            state = state with { Table = null, LastKey = null, KeyOrder = null, Done = [.. state.Done ?? [], relation.Table.QualifiedName] };
            yield return new(batch, state.ToSourcePosition(), Snapshot: new(relation.Table.QualifiedName, state.RowsRead, Math.Max(expected, state.RowsRead)));
            batch.Clear();
        }
    }

    /// <summary>What an earlier generation of the source left behind and this read did not see is gone: everything older than it.</summary>
    private void AddSweep(RelationShape shape, ulong version)
    {
        batch.Begin(shape, Operation.Truncate, (long)version, 0, position);
        for (var i = 0; i < shape.Columns.Length; i++)
            batch.AddAbsent();
    }

    private async IAsyncEnumerable<(int Count, string[] LastKey)> ReadTableAsync(
        PostgresRelation relation, string[]? lastKey, ulong version, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shape = relation.ToShape();
        var key = relation.Key.Select(shape.IndexOf).ToArray();
        for (var more = true; more;)
        {
            var rows = 0;
            await using (var copy = await connection.BeginRawBinaryCopyAsync(Query(relation, lastKey), cancellationToken))
            {
                var reader = new CopyReader(copy);
                while (await reader.ReadAsync(cancellationToken))
                {
                    Add(shape, reader.Row, version);
                    rows++;
                    if (batch.SizeInBytes < options.MaxBatchBytes)
                        continue;
                    lastKey = KeyOfLast(key);
                    yield return (batch.Count, lastKey);
                }
            }

            if (batch.Count > 0)
            {
                lastKey = KeyOfLast(key);
                yield return (batch.Count, lastKey);
            }

            more = rows == options.ChunkRows;
        }
    }

    private string Query(PostgresRelation relation, string[]? lastKey)
    {
        var types = relation.Columns.ToDictionary(column => column.Name, column => column.SqlType, StringComparer.Ordinal);
        var keyColumns = string.Join(", ", relation.Key.Select(PostgresRelation.Quote));
        var conditions = new List<string>();
        if (relation.RowFilter is { } filter)
            conditions.Add($"({filter})");
        if (lastKey is not null)
            conditions.Add($"({keyColumns}) > ({string.Join(", ", lastKey.Select((value, i) => $"{Literal(value)}::{types[relation.Key[i]]}"))})");
        var where = conditions.Count == 0 ? "" : $"WHERE {string.Join(" AND ", conditions)} ";
        return string.Create(CultureInfo.InvariantCulture,
            $"COPY (SELECT {string.Join(", ", relation.Columns.Select(column => column.AsText))} FROM {relation.QuotedName} {where}ORDER BY {keyColumns} LIMIT {options.ChunkRows}) TO STDOUT (FORMAT BINARY)");
    }

    private static string Literal(string value)
        => $"E'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    private void Add(RelationShape shape, ReadOnlySpan<byte> row, ulong version)
    {
        batch.Begin(shape, Operation.Snapshot, (long)version, 0, position);
        row = row[2..];
        for (var i = 0; i < shape.Columns.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(row);
            row = row[4..];
            if (length < 0)
            {
                batch.AddNull();
                continue;
            }

            batch.Add(row[..length]);
            row = row[length..];
        }
    }

    private string[] KeyOfLast(int[] key)
    {
        var row = batch.RowOf(batch[batch.Count - 1]);
        var values = new string[key.Length];
        for (var i = 0; i < key.Length; i++)
            values[i] = Encoding.UTF8.GetString(row[key[i]]);
        return values;
    }

    private async ValueTask<long> CountAsync(PostgresRelation relation, CancellationToken cancellationToken)
    {
        // The planner's estimate is free; a table that was never analysed has none and is counted.
        if (relation.EstimatedRows > 0)
            return relation.EstimatedRows;
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {relation.QuotedName}", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
