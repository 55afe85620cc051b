using System.Text;
using Hub.Core.Records;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Reads again what an update left out: PostgreSQL does not send a large value (TOAST) that the update did not touch. The value
/// read may be newer than the change; then the newer change follows in the stream and writes it once more.
/// </summary>
internal sealed class UnchangedRowReader(PostgresConnector connector, PostgresSourceOptions options, EnvelopeBatch batch) : IAsyncDisposable
{
    private NpgsqlConnection? connection;

    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
            await connection.DisposeAsync();
    }

    /// <summary>Completes every row of the batch that the decoder noted as incomplete.</summary>
    public async ValueTask FillAsync(PgOutputDecoder decoder, CancellationToken cancellationToken)
    {
        if (decoder.Unchanged.Count == 0)
            return;
        connection ??= await connector.OpenAsync(cancellationToken);
        foreach (var group in decoder.Unchanged.GroupBy(row => row.Shape, ReferenceEqualityComparer.Instance))
            foreach (var rows in group.Chunk(500))
                await FillOrLookAgainAsync(rows[0].Shape, rows, cancellationToken);
        decoder.ClearUnchanged();
    }

    private async Task FillOrLookAgainAsync(RelationShape shape, UnchangedRow[] rows, CancellationToken cancellationToken)
    {
        try
        {
            await FillAsync(shape, rows, cancellationToken);
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.UndefinedColumn)
        {
            // A column went between the look at the table and the query; the next look finds it gone.
            await FillAsync(shape, rows, cancellationToken);
        }
    }

    private async Task FillAsync(RelationShape shape, UnchangedRow[] rows, CancellationToken cancellationToken)
    {
        var table = options.Tables.First(table => table.QualifiedName == shape.Relation);
        var relation = await PostgresRelation.ReadAsync(connection!, table, options.Publication, cancellationToken)
            ?? throw PostgresFailures.Stop(
                Core.Ops.Codes.TableMissing, options.Place, $"the table {shape.Relation} is gone.", "Take it out of the source definition, or restore it.");
        var key = table.Key.Select(shape.IndexOf).ToArray();
        await using var command = new NpgsqlCommand(Query(relation, table), connection);
        foreach (var column in key)
            command.Parameters.Add(new() { Value = rows.Select(row => Text(row.Envelope, column)).ToArray() });

        var found = new HashSet<int>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken))
            {
                var envelope = rows[reader.GetInt64(0) - 1].Envelope;
                found.Add(envelope);
                Fill(shape, relation, reader, envelope);
            }

        // A row that is gone by now was deleted or moved later on; that change follows, and until then the document is away.
        foreach (var row in rows)
            if (!found.Contains(row.Envelope))
                batch.ChangeOperation(row.Envelope, Operation.Delete);
    }

    private void Fill(RelationShape shape, PostgresRelation relation, NpgsqlDataReader reader, int envelope)
    {
        for (var i = 0; i < shape.Columns.Length; i++)
        {
            if (!batch.RowOf(batch[envelope]).CellAt(i).IsAbsent)
                continue;
            var column = 0;
            while (column < relation.Columns.Count && relation.Columns[column].Name != shape.Columns[i].Name)
                column++;
            if (column == relation.Columns.Count || reader.IsDBNull(column + 1))
                batch.ReplaceWithNull(envelope, i);
            else
                batch.Replace(envelope, i, Encoding.UTF8.GetBytes(reader.GetString(column + 1)));
        }
    }

    private static string Query(PostgresRelation relation, PostgresTable table)
    {
        var types = relation.Columns.ToDictionary(column => column.Name, column => column.SqlType, StringComparer.Ordinal);
        var arrays = string.Join(", ", table.Key.Select((_, i) => $"${i + 1}::text[]"));
        var names = string.Join(", ", table.Key.Select((_, i) => $"hub_key{i}"));
        var join = string.Join(" AND ", table.Key.Select((column, i) => $"{PostgresRelation.Quote(column)} = hub_key{i}::{types[column]}"));
        return $"SELECT hub_place, {string.Join(", ", relation.Columns.Select(column => column.AsText))} "
            + $"FROM unnest({arrays}) WITH ORDINALITY AS hub_keys({names}, hub_place) JOIN {relation.QuotedName} ON {join}";
    }

    private string Text(int envelope, int column) => Encoding.UTF8.GetString(batch.RowOf(batch[envelope])[column]);
}
