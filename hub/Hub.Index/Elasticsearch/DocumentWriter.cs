using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Resolution;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>Applies log entries to every generation that is written. One write at a time.</summary>
internal sealed partial class DocumentWriter(EngineClient client, IndexNames names, IndexMapping mapping, StateStore store, Generations generations, ElasticsearchOptions options)
{
    /// <summary>Bytes of a document's id that the engine takes.</summary>
    private const int LongestId = 512;

    /// <summary>Bytes of the log that are worth a request of their own.</summary>
    private const int SmallestShare = 64 * 1024;

    private readonly BulkWriter bulk = new(client, options);
    private readonly CodeNames<byte[]> codes = new(mapping.Catalog.CodeLists, LineBuffer.Quoted);
    private readonly Dictionary<(string Subject, int Generation), DocumentEncoder> encoders = [];
    private readonly RecordTranscoder transcoder = new();
    private readonly HashSet<int> begun = [];
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Clears the outcomes and adds one per entry, in order.</summary>
    public async Task WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var found = await WriteAsync(entries, cancellationToken);
            outcomes.Clear();
            foreach (var outcome in found)
                outcomes.Add(outcome!);
        }
        finally
        {
            // After a failure nothing of this write may run on into the next.
            await bulk.AbandonAsync();
            turn.Release();
        }
    }

    private async Task<WriteOutcome?[]> WriteAsync(LogBatch entries, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (found, seen) = (new WriteOutcome?[entries.Count], store.State);
            try
            {
                await WriteAsync(entries, found, seen, isAgain: null, cancellationToken);
                await FollowAsync(entries, found, seen, cancellationToken);
                return found;
            }
            catch (HubException failure) when (failure.Findings[0].Code == Codes.EngineIndexMissing)
            {
                // A generation that was written until now may have been given up or replaced, and be gone by right.
                await bulk.AbandonAsync();
                if (!await store.ReadAsync(cancellationToken) || ReferenceEquals(store.State, seen))
                    throw;
            }
        }
    }

    /// <summary>Applies entries of one subject, as they stand in the log, to one generation alone; truncates are left to whoever applies them to all.</summary>
    /// <returns>Why one of them was refused; null when none was.</returns>
    public async Task<string?> FillAsync(string subject, int generation, LogBatch entries, CancellationToken cancellationToken)
    {
        var seen = store.State;
        var outcomes = new WriteOutcome?[entries.Count];
        await WriteAsync(entries, outcomes, seen with { Subjects = new() { [subject] = new(generation) } }, new EngineState(), cancellationToken);
        await store.ReadAgainAsync(cancellationToken);
        foreach (var (source, floor) in store.State.Floors.GetValueOrDefault(subject) ?? [])
            if (floor > seen.FloorOf(subject, source))
                await SweepAsync(subject, [generation], source, floor, cancellationToken);
        return outcomes.OfType<WriteOutcome.Rejected>().FirstOrDefault()?.Reason;
    }

    /// <summary>
    /// What another Hub changed while this one wrote: a generation that was begun did not get what went by, and what a new floor deletes may
    /// have been written behind it.
    /// </summary>
    private async Task FollowAsync(LogBatch entries, WriteOutcome?[] outcomes, EngineState seen, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            await store.ReadAgainAsync(cancellationToken);
            var now = store.State;
            if (ReferenceEquals(now, seen))
                return;
            await WriteAsync(entries, outcomes, now, isAgain: seen, cancellationToken);
            // Without a generation: a subject that this Hub does not know.
            foreach (var (subject, sources) in now.Floors.Where(one => now.Subjects.ContainsKey(one.Key)))
                foreach (var (source, floor) in sources)
                    if (floor > seen.FloorOf(subject, source))
                        await SweepAsync(subject, Targets(now, subject), source, floor, cancellationToken);
            seen = now;
        }
    }

    /// <param name="state">Whose generations are written.</param>
    /// <param name="isAgain">The state for which the entries were written before; null for the first time.</param>
    private async Task WriteAsync(LogBatch entries, WriteOutcome?[] outcomes, EngineState state, EngineState? isAgain, CancellationToken cancellationToken)
    {
        var lines = bulk.Rent();
        // A write ends with its last request: equal shares for as many as may be under way keep all of them busy until then.
        var (share, taken) = (Math.Max(SmallestShare, entries.StoredBytes / options.Concurrency), 0);
        var written = new Dictionary<string, (int Number, DocumentEncoder Encoder)[]>(StringComparer.Ordinal);
        begun.Clear();
        for (var i = 0; i < entries.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var subject = entries[i].Place.Topic;
            if (mapping.Catalog.Find(subject) is not { } schema)
            {
                outcomes[i] = new WriteOutcome.Rejected($"No schema describes the subject '{subject}'.");
            }
            else if (entries[i].Operation == Operation.Truncate)
            {
                // All that comes before must be there to be deleted.
                lines = await SettleAsync(lines, outcomes, state, entries, cancellationToken);
                if (isAgain is null)
                    outcomes[i] = await TruncateAsync(entries[i], cancellationToken);
            }
            else if (IsBelowFloor(entries, i))
            {
                outcomes[i] ??= WriteOutcome.Stale;
            }
            else
            {
                // The same version once more: it counts, so it must come last, and requests under way keep no order.
                var hash = HashOf(entries, i);
                if (!begun.Add(hash))
                {
                    lines = await SettleAsync(lines, outcomes, state, entries, cancellationToken);
                    begun.Add(hash);
                }

                if (!written.TryGetValue(subject, out var targets))
                    written.Add(subject, targets = await EncodersOfAsync(schema, state, isAgain, cancellationToken));
                foreach (var (number, encoder) in targets)
                {
                    var refused = TryWrite(entries, i, encoder, lines, number);
                    outcomes[i] ??= refused;
                }
            }

            taken += entries[i].Key.Length + Math.Max(0, entries[i].Value.Length);
            if (taken < share && !bulk.IsFull(lines))
                continue;
            lines = await SendAsync(lines, outcomes, state, entries, cancellationToken);
            taken = 0;
        }

        await SettleAsync(lines, outcomes, state, entries, cancellationToken);
    }

    /// <summary>Sends what is there, and waits until all that was sent has an outcome.</summary>
    private async Task<LineBuffer> SettleAsync(LineBuffer lines, WriteOutcome?[] outcomes, EngineState state, LogBatch entries, CancellationToken cancellationToken)
    {
        lines = await SendAsync(lines, outcomes, state, entries, cancellationToken);
        await bulk.FinishAsync();
        begun.Clear();
        return lines;
    }

    private async Task<LineBuffer> SendAsync(LineBuffer lines, WriteOutcome?[] outcomes, EngineState state, LogBatch entries, CancellationToken cancellationToken)
    {
        if (lines.Lines.Count == 0)
            return lines;
        await bulk.BeginAsync(lines, Take, cancellationToken);
        return bulk.Rent();

        // What became of it where it is searched counts; another generation's outcome stands in until that is known.
        void Take(BulkLine line, WriteOutcome outcome)
        {
            if (state.Subjects[entries[line.Entry].Place.Topic].Live == line.Generation)
                outcomes[line.Entry] = outcome;
            else
                Interlocked.CompareExchange(ref outcomes[line.Entry], outcome, null);
        }
    }

    /// <summary>Adds the document; an outcome when there is nothing to send.</summary>
    private WriteOutcome? TryWrite(LogBatch entries, int number, DocumentEncoder encoder, LineBuffer lines, int generation)
    {
        var entry = entries[number];
        var id = entries.Bytes(entry.Key);
        if (id.IndexOf((byte)':') <= 0)
            return new WriteOutcome.Rejected("The key is not of the form source:key.");
        if (id.Length > LongestId)
            return new WriteOutcome.Rejected($"The key has {id.Length} bytes, more than the {LongestId} that the index can hold.");
        if (entry.Version < 0)
            return new WriteOutcome.Rejected($"The version {entry.Version} is below 0, which the index cannot hold.");
        try
        {
            if (entry.Value.IsNull)
                encoder.WriteMarker(lines, id, entry, options.Time.GetUtcNow());
            else
                WriteLive(entries, entry, id, encoder, lines);
        }
        catch (InvalidDataException failure)
        {
            lines.DropOpen();
            return new WriteOutcome.Rejected(failure.Message);
        }

        lines.EndDocument(number, generation);
        return null;
    }

    private void WriteLive(LogBatch entries, in LogEntry entry, ReadOnlySpan<byte> id, DocumentEncoder encoder, LineBuffer lines)
    {
        var value = entries.Bytes(entry.Value);
        var plan = mapping.Catalog.PlanOf(value);
        if (plan.Schema.Subject != entry.Place.Topic)
            throw new InvalidDataException($"The value was written with the schema of {plan.Schema.Subject}, not of {entry.Place.Topic}.");
        // The index outlives this process, which alone knows the schema of a foreign writer.
        if (mapping.Catalog.Find(WireFormat.ReadSchemaId(value)) is null)
        {
            value = transcoder.Write(plan, value[WireFormat.HeaderSize..]);
            plan = mapping.Catalog.PlanOf(value);
        }

        encoder.WriteLive(lines, id, entry, plan, value);
    }

    /// <summary>Of the subject's generations in the state, without those for which the entries were written before.</summary>
    private async ValueTask<(int Number, DocumentEncoder Encoder)[]> EncodersOfAsync(SubjectSchema schema, EngineState state, EngineState? isAgain, CancellationToken cancellationToken)
    {
        var before = isAgain?.Subjects.ContainsKey(schema.Subject) == true ? Targets(isAgain, schema.Subject) : [];
        var found = new List<(int, DocumentEncoder)>();
        foreach (var number in Targets(state, schema.Subject).Except(before))
        {
            if (!encoders.TryGetValue((schema.Subject, number), out var encoder))
            {
                var fields = await generations.ReadAsync(schema, number, mayAdd: false, cancellationToken);
                encoders.Add((schema.Subject, number), encoder = new(schema, names.WriteAliasOf(schema.Subject, number), mapping, codes, fields.Has));
            }

            found.Add((number, encoder));
        }

        return [.. found];
    }

    private static int[] Targets(EngineState state, string subject)
        => !state.Subjects.TryGetValue(subject, out var known) ? throw new InvalidOperationException($"The index was not attached with {subject}.") : known.Building is { } building ? [known.Live, building] : [known.Live];

    /// <summary>Stands for subject, document and version; that two may share it costs a wait and no more.</summary>
    private static int HashOf(LogBatch entries, int number)
    {
        var hash = default(HashCode);
        hash.AddBytes(entries.Bytes(entries[number].Key));
        hash.Add(entries[number].Version);
        hash.Add(entries[number].Place.Topic);
        return hash.ToHashCode();
    }
}
