using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Hub.Core.Records;

namespace Hub.Connectors.Postgres;

/// <summary>
/// Turns pgoutput messages into envelopes, and keeps the place in the stream. It sees the messages of a slot in order, from the
/// beginning of a transaction; changes that were done before (<c>done</c>) are passed over.
/// </summary>
internal sealed class PgOutputDecoder(
    EnvelopeBatch batch, PostgresSourceOptions options, IReadOnlyDictionary<string, uint> ids, Func<uint, string> typeName, string heartbeatPrefix, (ulong CommitLsn, int Index) done)
{
    private readonly Dictionary<string, IReadOnlyList<string>> keysByTable = options.Tables.ToDictionary(table => table.QualifiedName, table => table.Key, StringComparer.Ordinal);
    private readonly Dictionary<uint, string> namesById = ids.ToDictionary(pair => pair.Value, pair => pair.Key);
    private readonly Dictionary<uint, Relation> relations = [];
    private readonly List<UnchangedRow> unchanged = [];
    private readonly (ulong CommitLsn, int Index) resumed = done;
    private readonly byte[] position = new byte[PostgresPosition.EntryLength];
    private ulong commitLsn;
    private long committedAt;
    private int index;
    private long heartbeat;

    private sealed record Relation(RelationShape Shape, int[]? Key);

    /// <summary>Everything before it has been decoded.</summary>
    public (ulong CommitLsn, int Index) Place { get; private set; } = done;

    /// <summary>Envelopes whose row has values that the change left out and that the old row does not have either.</summary>
    public IReadOnlyList<UnchangedRow> Unchanged => unchanged;

    public bool HasHeartbeat => heartbeat != 0;

    /// <summary>The moment the last heartbeat was sent, in microseconds since 1970 UTC; 0 when none was seen since the last call.</summary>
    public long TakeHeartbeat()
    {
        var taken = heartbeat;
        heartbeat = 0;
        return taken;
    }

    public void ClearUnchanged() => unchanged.Clear();

    /// <param name="lsn">The address of the change in the upstream's log: its version.</param>
    /// <param name="sentAt">When the server sent it, by its own clock, in microseconds since 1970 UTC.</param>
    public void Decode(ReadOnlySpan<byte> message, ulong lsn, long sentAt)
    {
        var reader = new PgOutputReader(message);
        switch (reader.ReadByte())
        {
            case (byte)'B':
                (commitLsn, committedAt, index) = (reader.ReadLsn(), reader.ReadMicroseconds(), 0);
                break;
            case (byte)'C':
                reader.Take(1 + 8);
                Place = (reader.ReadLsn(), 0);
                break;
            case (byte)'R':
                ReadRelation(ref reader);
                break;
            case (byte)'M':
                ReadMessage(ref reader, sentAt);
                break;
            case var kind and ((byte)'I' or (byte)'U' or (byte)'D' or (byte)'T'):
                ReadChange(ref reader, kind, lsn);
                break;
        }
    }

    private void ReadChange(ref PgOutputReader reader, byte kind, ulong lsn)
    {
        // After a restart the server sends the transaction under way again from its beginning.
        var isDone = commitLsn == resumed.CommitLsn && index < resumed.Index;
        PostgresPosition.FormatEntry(position, commitLsn, index);
        index++;
        if (isDone)
            return;

        if (kind == (byte)'T')
            ReadTruncate(ref reader, lsn);
        else if (relations.TryGetValue(reader.ReadUInt32(), out var relation) && relation.Key is not null)
            ReadRow(ref reader, kind, relation, lsn);
        Place = (commitLsn, index);
    }

    private void ReadRow(ref PgOutputReader reader, byte kind, Relation relation, ulong lsn)
    {
        var shape = relation.Shape;
        var part = reader.ReadByte();
        if (kind == (byte)'I')
        {
            AddRow(ref reader, shape, Operation.Create, lsn);
            return;
        }

        // Without the key in the old row, a deleted row stays unnamed and a moved one stays where it was.
        if (!relation.Key!.All(column => shape.Columns[column].InKey))
            throw PostgresFailures.IdentityChanged(shape.Relation);

        var first = batch.Count;
        var hasOld = part is (byte)'K' or (byte)'O';
        if (hasOld)
        {
            AddRow(ref reader, shape, Operation.Delete, lsn);
            if (kind == (byte)'D')
                return;
            reader.ReadByte();
        }

        AddRow(ref reader, shape, Operation.Update, lsn);
        if (hasOld)
            Reconcile(relation, first);
        KeepUnchanged(shape, batch.Count - 1);
    }

    /// <summary>An update that sent its old row: takes over what the new row leaves out, and splits a change of key into delete and create.</summary>
    private void Reconcile(Relation relation, int first)
    {
        var oldRow = batch.RowOf(batch[first]);
        var newRow = batch.RowOf(batch[first + 1]);
        for (var i = 0; i < relation.Shape.Columns.Length; i++)
            if (newRow.CellAt(i).IsAbsent && oldRow.CellAt(i).HasValue)
                batch.CopyCell(first, first + 1, i);

        foreach (var column in relation.Key!)
            if (!oldRow[column].SequenceEqual(newRow[column]))
            {
                batch.ChangeOperation(first + 1, Operation.Create);
                return;
            }

        batch.RemoveAt(first);
    }

    private void KeepUnchanged(RelationShape shape, int envelope)
    {
        var row = batch.RowOf(batch[envelope]);
        for (var i = 0; i < shape.Columns.Length; i++)
            if (row.CellAt(i).IsAbsent)
            {
                unchanged.Add(new(shape, envelope));
                return;
            }
    }

    private void AddRow(ref PgOutputReader reader, RelationShape shape, Operation operation, ulong lsn)
    {
        batch.Begin(shape, operation, (long)lsn, committedAt, position);
        var columns = reader.ReadInt16();
        if (columns != shape.Columns.Length)
            throw new InvalidDataException($"A row of {shape.Relation} has {columns} columns instead of {shape.Columns.Length}.");
        for (var i = 0; i < columns; i++)
        {
            switch (reader.ReadByte())
            {
                case (byte)'n':
                    batch.AddNull();
                    break;
                case (byte)'u':
                    batch.AddAbsent();
                    break;
                default:
                    batch.Add(reader.Take(reader.ReadInt32()));
                    break;
            }
        }
    }

    private void ReadTruncate(ref PgOutputReader reader, ulong lsn)
    {
        var count = reader.ReadInt32();
        reader.ReadByte();
        for (var i = 0; i < count; i++)
        {
            if (!relations.TryGetValue(reader.ReadUInt32(), out var relation) || relation.Key is null)
                continue;
            batch.Begin(relation.Shape, Operation.Truncate, (long)lsn, committedAt, position);
            for (var column = 0; column < relation.Shape.Columns.Length; column++)
                batch.AddAbsent();
        }
    }

    private void ReadRelation(ref PgOutputReader reader)
    {
        var id = reader.ReadUInt32();
        var name = TableOf(id, $"{reader.ReadName()}.{reader.ReadName()}");
        reader.ReadByte();
        var columns = ImmutableArray.CreateBuilder<ColumnShape>();
        for (var left = reader.ReadInt16(); left > 0; left--)
        {
            var inKey = (reader.ReadByte() & 1) != 0;
            columns.Add(new(reader.ReadName(), typeName(reader.ReadUInt32()), inKey));
            reader.ReadInt32();
        }

        // The server repeats a relation at will; only other columns make another shape.
        if (relations.TryGetValue(id, out var known) && known.Shape.Relation == name && known.Shape.Columns.SequenceEqual(columns))
            return;
        var shape = new RelationShape(name, columns.ToImmutable());
        relations[id] = new(shape, keysByTable.TryGetValue(name, out var key) ? [.. key.Select(column => KeyColumn(shape, column))] : null);
    }

    /// <summary>A table keeps its id when it is renamed, and its changes go on under the name that the definition knows.</summary>
    private string TableOf(uint id, string name)
    {
        if (namesById.TryGetValue(id, out var known))
            return known;
        return keysByTable.ContainsKey(name) ? throw PostgresFailures.TableReplaced(options.Place, name) : name;
    }

    private static int KeyColumn(RelationShape shape, string column)
        => shape.IndexOf(column) is >= 0 and var found ? found : throw PostgresFailures.KeyColumnGone(shape.Relation, column);

    private void ReadMessage(ref PgOutputReader reader, long sentAt)
    {
        var isTransactional = (reader.ReadByte() & 1) != 0;
        var lsn = reader.ReadLsn();
        // Anybody may send messages; only this reading's own heartbeats have its prefix.
        if (reader.ReadName() != heartbeatPrefix || isTransactional)
            return;

        var content = Encoding.UTF8.GetString(reader.Take(reader.ReadInt32()));
        if (!long.TryParse(content, NumberStyles.None, CultureInfo.InvariantCulture, out var moment))
            return;
        // Who has seen the prefix in the server's log could still send a moment that is yet to come.
        heartbeat = Math.Min(moment, sentAt);
        // Changes are sent by commit, messages where they stand: every transaction committed before the message has been sent.
        if (lsn > Place.CommitLsn)
            Place = (lsn, 0);
    }
}

/// <summary>An envelope of the batch whose row has values to be read again.</summary>
internal readonly record struct UnchangedRow(RelationShape Shape, int Envelope);
