using System.Text;
using System.Text.Json;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.DeadLetters;

/// <summary>
/// Writes dead letters to their topic and knows which are open, so that a newer good record of the same document closes them.
/// For concurrent use.
/// </summary>
public sealed class DeadLetterBook(SchemaCatalog catalog, TimeProvider time)
{
    public const string Topic = "hub.deadLetter";
    public const string Open = "open";
    public const string Superseded = "superseded";

    /// <summary>More open dead letters than this of one source mean that its mapping is wrong, not its records.</summary>
    public const int MaxOpen = 100_000;

    private static readonly TopicPartition Place = new(Topic, 0);

    private readonly Lock gate = new();
    private readonly LogBatch recalled = new();
    private readonly Dictionary<string, DeadLetter> open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> openBySource = new(StringComparer.Ordinal);
    private readonly AvroWriter writer = new();
    private readonly SubjectSchema schema = catalog.Find(Topic) ?? throw new HubException(new Finding(
        Codes.UnknownSubject, Severity.Error, "schemas", $"the subject '{Topic}' is missing.", "Use the schemas folder that comes with Hub."));

    private long loaded;

    public int CountOpen(string source)
    {
        lock (gate)
            return openBySource.GetValueOrDefault(source);
    }

    /// <summary>Reads the topic once, at start, so that dead letters of earlier runs can be closed too.</summary>
    public async Task LoadAsync(ILog log, CancellationToken cancellationToken)
    {
        await log.EnsureTopicAsync(Topic, 1, cancellationToken);
        var end = (await log.ReadEndsAsync([Topic], cancellationToken))[Place];
        await using var reader = await OpenAsync(log, 0, cancellationToken);
        while ((loaded = reader.NextOffsets[Place]) < end)
            await RecallAsync(reader, cancellationToken);
    }

    /// <summary>Takes note of what other processes on the log add and close, until cancelled.</summary>
    public async Task FollowAsync(ILog log, CancellationToken cancellationToken)
    {
        await using var reader = await OpenAsync(log, loaded, cancellationToken);
        for (; ; loaded = reader.NextOffsets[Place])
            await RecallAsync(reader, cancellationToken);
    }

    /// <summary>Takes back what entries that were not appended after all have closed.</summary>
    public void Reopen(LogBatch entries)
    {
        for (var i = 0; i < entries.Count; i++)
            if (entries[i].Place.Topic == Topic)
                lock (gate)
                    Remember(DeadLetterCodec.Read(catalog.Read(entries.Bytes(entries[i].Value)), out _));
    }

    /// <summary>Adds a dead letter to entries that are about to be appended.</summary>
    /// <exception cref="HubException">The source has too many open ones.</exception>
    public void Add(LogBatch entries, DeadLetter letter)
    {
        lock (gate)
        {
            if (openBySource.GetValueOrDefault(letter.Source) >= MaxOpen)
                throw new HubException(new Finding(
                    Codes.TooManyDeadLetters, Severity.Error, letter.Source, $"{MaxOpen} records were refused and are still open; the last: {letter.Detail}",
                    "Look at the reasons under /api/v1/dead-letters, mend the source definition, and start the source again."));
            Write(entries, letter, Open);
            Remember(letter);
        }
    }

    /// <summary>Adds a dead letter for a log entry that the index refused.</summary>
    public void AddRejected(LogBatch entries, LogBatch from, int index, string detail)
    {
        var entry = from[index];
        var documentKey = Encoding.UTF8.GetString(DocumentKey(from, entry));
        var record = entry.Value.HasValue ? Convert.ToBase64String(from.Bytes(entry.Value)) : "";
        Add(entries, new(
            $"{entry.Source}:{entry.Place.Topic}:{documentKey}", entry.Source, entry.Place.Topic, "", documentKey, entry.Version,
            entry.Operation, $"{entry.Place}@{entry.Offset}", DeadLetterReason.IndexRejected, detail, $"\"{record}\"", Microseconds.ToMoment(entry.OccurredAt)));
    }

    /// <summary>Closes the open dead letter of a log entry's document, when the index has taken the entry.</summary>
    public void SupersedeRejected(LogBatch entries, LogBatch from, int index)
        => Supersede(entries, from[index].Source, from[index].Place.Topic, DocumentKey(from, from[index]), from[index].Version);

    /// <summary>Closes the open dead letter of a document that has now been written in a newer version.</summary>
    public void Supersede(LogBatch entries, string source, string subject, ReadOnlySpan<byte> documentKey, long version)
    {
        if (CountOpen(source) == 0)
            return;
        var id = $"{source}:{subject}:{Encoding.UTF8.GetString(documentKey)}";
        lock (gate)
        {
            if (open.TryGetValue(id, out var found) && found.Version <= version)
                Close(entries, found, version);
        }
    }

    /// <summary>Closes what is open of a subject that has been emptied: all that is older than the version.</summary>
    public void SupersedeOlder(LogBatch entries, string source, string subject, long version)
    {
        if (CountOpen(source) == 0)
            return;
        lock (gate)
            foreach (var found in open.Values.Where(letter => letter.Source == source && letter.Subject == subject && letter.Version < version).ToList())
                Close(entries, found, version);
    }

    /// <summary>The row as JSON text, for <see cref="DeadLetter.Record"/>.</summary>
    public static string ToJson(in Row row)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            for (var i = 0; i < row.Shape.Columns.Length; i++)
                WriteCell(json, row, i);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>A log entry's key without the source before it.</summary>
    private static ReadOnlySpan<byte> DocumentKey(LogBatch batch, in LogEntry entry)
    {
        var key = batch.Bytes(entry.Key);
        return key[(key.IndexOf((byte)':') + 1)..];
    }

    private static void WriteCell(Utf8JsonWriter json, in Row row, int column)
    {
        var cell = row.CellAt(column);
        if (cell.IsNull)
            json.WriteNull(row.Shape.Columns[column].Name);
        else if (cell.HasValue)
            // Bytes that are not UTF-8 would make the letter itself unwritable; the replacement character shows where they were.
            json.WriteString(row.Shape.Columns[column].Name, Encoding.UTF8.GetString(row[column]));
    }

    private static ValueTask<ILogReader> OpenAsync(ILog log, long offset, CancellationToken cancellationToken)
        => log.OpenReaderAsync("dead-letters", [Topic], new Dictionary<TopicPartition, long> { [Place] = offset }, cancellationToken);

    private async ValueTask RecallAsync(ILogReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(recalled, 1024 * 1024, TimeSpan.FromSeconds(1), cancellationToken);
        for (var i = 0; i < recalled.Count; i++)
            Recall(recalled, recalled[i]);
    }

    private void Recall(LogBatch batch, in LogEntry entry)
    {
        if (!entry.Value.HasValue)
            return;
        var letter = DeadLetterCodec.Read(catalog.Read(batch.Bytes(entry.Value)), out var state);
        lock (gate)
        {
            if (state == Open)
                Remember(letter);
            else
                Forget(letter.Id);
        }
    }

    // The bytes are in the log; keeping them here too would make memory follow the number of dead letters' sizes.
    private void Remember(DeadLetter letter)
    {
        if (!open.ContainsKey(letter.Id))
            openBySource[letter.Source] = openBySource.GetValueOrDefault(letter.Source) + 1;
        open[letter.Id] = letter with { Record = "" };
    }

    private void Close(LogBatch entries, DeadLetter letter, long version)
    {
        Write(entries, letter with { Version = version }, Superseded);
        Forget(letter.Id);
    }

    private void Forget(string id)
    {
        if (open.Remove(id, out var found))
            openBySource[found.Source]--;
    }

    private void Write(LogBatch entries, DeadLetter letter, string state)
    {
        DeadLetterCodec.Write(writer, schema, letter, state, time.GetUtcNow());
        entries.Add(new(
            new(Topic, 0), -1, letter.Source, Operation.Create, letter.Version, 0,
            entries.Store(Encoding.UTF8.GetBytes(letter.Id)),
            entries.Store(writer.Written), entries.Store(Encoding.UTF8.GetBytes(letter.Position))));
    }
}
