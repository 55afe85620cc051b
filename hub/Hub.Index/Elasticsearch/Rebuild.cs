using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Index.Elasticsearch;

/// <summary>How far a rebuild is.</summary>
/// <param name="Read">Entries of the log that were read since it was begun or resumed.</param>
/// <param name="Left">Entries that are left.</param>
/// <param name="Difference">Set once both generations were compared.</param>
public sealed record RebuildProgress(string Subject, int Generation, string Phase, long Read, long Left, GenerationDifference? Difference);

/// <summary>
/// Builds a generation of a subject from the log while writes go on, and swaps it in. From the moment it is begun, whoever writes the live generation
/// writes this one too, so that the log has to be read only to where it ended then. What was read is kept in the state: a rebuild goes on where it was.
/// </summary>
internal sealed class Rebuild(
    ILog log, SubjectSchema schema, string sinkGroup, StateStore store, Generations generations, GenerationComparison comparison, DocumentWriter writer, ElasticsearchOptions options)
{
    private const int BatchBytes = 2 * 1024 * 1024;
    private static readonly TimeSpan ReadWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(5);

    private readonly string subject = schema.Subject;

    // Why a document was refused; also of one that the live generation has not either, so it is no failure by itself.
    private string? refusal;

    /// <summary>Fills and compares the generation that is being built, and returns when it is live.</summary>
    /// <exception cref="HubException"><see cref="Codes.IndexGenerations"/>: it differs from the live one; it stays, not live, and can be dropped.</exception>
    /// <returns>The state that has it live.</returns>
    public async Task<EngineState> RunAsync(Action<RebuildProgress> report, CancellationToken cancellationToken)
    {
        var generation = store.State.Subjects[subject].Building ?? throw Wrong("no generation is being built.", "Look with: hub reindex --status");
        await FillAsync(generation, report, cancellationToken);
        var live = store.State.Subjects[subject].Live;
        report(new(subject, generation, "comparing", 0, 0, null));
        var difference = await comparison.RunAsync(subject, live, generation, cancellationToken);
        if (!difference.IsGood)
            throw new HubException(new Finding(
                Codes.IndexGenerations, Severity.Error, subject, $"generation {generation} lacks documents of generation {live}, or has them otherwise: {string.Join(", ", difference.Older)}.{(refusal is null ? "" : $" One was refused: {refusal}")}",
                $"Nothing was swapped. See whether the log has them, then build again: hub reindex {subject} --cancel, and hub reindex {subject}"));
        await SwapAsync(live, generation, cancellationToken);
        report(new(subject, generation, "done", 0, 0, difference));
        return store.State;
    }

    /// <summary>The kept generation is to be built up to the present; it becomes live by <see cref="RunAsync"/>.</summary>
    public async Task TakeKeptAsync(CancellationToken cancellationToken)
    {
        // Before anybody writes it: fields that came since it was live.
        if (store.State.Subjects[subject] is { Kept: { } earlier, Building: null })
            await generations.ReadAsync(schema, earlier, mayAdd: true, cancellationToken);
        await ChangeAsync(
            known => known.Kept is { } kept && known.Building is null ? known with { Building = kept, Kept = null, IsReturning = true } : throw Wrong(
                known.Kept is null ? "no earlier generation is kept." : $"generation {known.Building} is being built.", "Look with: hub reindex --status"), cancellationToken);
    }

    /// <summary>Gives up what is being built; a generation that was to be gone back to is kept again.</summary>
    public async Task CancelAsync(CancellationToken cancellationToken)
    {
        var building = store.State.Subjects[subject].Building ?? throw Wrong("no generation is being built.", "Look with: hub reindex --status");
        var isReturning = store.State.Subjects[subject].IsReturning;
        await ChangeAsync(known => isReturning ? known with { Building = null, Kept = building, IsReturning = false } : known with { Building = null, Next = [] }, cancellationToken);
        // It may be searched already: a swap can be cut off between its two steps.
        await generations.ShowAsync(subject, store.State.Subjects[subject].Live, cancellationToken);
        if (!isReturning)
            await generations.DropAsync(subject, building, cancellationToken);
    }

    /// <summary>Deletes the generation that is kept.</summary>
    public async Task DropKeptAsync(CancellationToken cancellationToken)
    {
        var kept = store.State.Subjects[subject].Kept ?? throw Wrong("no earlier generation is kept.", "Look with: hub reindex --status");
        await ChangeAsync(known => known with { Kept = null, Next = known.Building is null ? [] : known.Next }, cancellationToken);
        await generations.DropAsync(subject, kept, cancellationToken);
    }

    /// <summary>Begins a new generation, if none is being built: from now on it is written beside the live one.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var known = store.State.Subjects[subject];
        if (known.Building is not null)
            return;
        if (known.Kept is { } kept)
            throw Wrong($"generation {kept} is still kept.", $"Go back to it (hub reindex {subject} --rollback) or drop it (hub reindex {subject} --drop-old) first.");
        var next = known.Live + 1;
        // What an earlier attempt left behind holds nobody knows what.
        await generations.DropAsync(subject, next, cancellationToken);
        await generations.CreateAsync(schema, next, cancellationToken);
        await ChangeAsync(now => now.Building is null && now.Live == known.Live ? now with { Building = next, Next = [] } : now, cancellationToken);
    }

    private async Task FillAsync(int generation, Action<RebuildProgress> report, CancellationToken cancellationToken)
    {
        // Whoever wrote before the generation was begun has written entries before these ends; all others write it too.
        var ends = await log.ReadEndsAsync([subject], cancellationToken);
        await writer.SweepAsync(subject, generation, cancellationToken);
        var start = ends.Keys.ToDictionary(place => place, place => Math.Min(ends[place], store.State.Subjects[subject].Next.GetValueOrDefault(place.Partition)));
        await using var reader = await log.OpenReaderAsync($"hub-rebuild-{options.Prefix}{subject}-{generation}", [subject], start, cancellationToken);
        var (batch, saved, read) = (new LogBatch(), options.Time.GetTimestamp(), 0L);
        while (Left(reader, ends) is > 0 and var left)
        {
            report(new(subject, generation, "reading", read, left, null));
            await reader.ReadAsync(batch, BatchBytes, ReadWait, cancellationToken);
            var refused = await writer.FillAsync(subject, generation, batch, cancellationToken);
            refusal ??= refused;
            read += batch.Count;
            if (options.Time.GetElapsedTime(saved) < SaveInterval)
                continue;
            await SaveAsync(generation, reader, cancellationToken);
            saved = options.Time.GetTimestamp();
        }

        await SaveAsync(generation, reader, cancellationToken);
    }

    private async Task SaveAsync(int generation, ILogReader reader, CancellationToken cancellationToken)
    {
        var next = reader.NextOffsets.ToDictionary(one => one.Key.Partition, one => one.Value);
        await ChangeAsync(known => known.Building == generation ? known with { Next = next } : throw Wrong($"generation {generation} was given up.", "Begin again when it is wanted."), cancellationToken);
    }

    /// <summary>Searches see the new generation from one moment to the next; the old one is whole up to where the sinks had committed.</summary>
    private async Task SwapAsync(int live, int generation, CancellationToken cancellationToken)
    {
        var committed = (await log.ReadLagAsync(sinkGroup, cancellationToken)).Where(lag => lag.Partition.Topic == subject).ToDictionary(lag => lag.Partition.Partition, lag => lag.Committed);
        await generations.ShowAsync(subject, generation, cancellationToken);
        var isWanted = false;
        await ChangeAsync(known => (isWanted = known.Building == generation) ? new(generation, null, live) { Next = committed } : known, cancellationToken);
        if (isWanted)
            return;
        await generations.ShowAsync(subject, store.State.Subjects[subject].Live, cancellationToken);
        throw Wrong($"generation {generation} was given up.", "Begin again when it is wanted.");
    }

    private Task ChangeAsync(Func<SubjectState, SubjectState> change, CancellationToken cancellationToken) => store.ChangeAsync(
        state =>
        {
            state.Subjects[subject] = change(state.Subjects[subject]);
            return true;
        }, cancellationToken);

    private static long Left(ILogReader reader, IReadOnlyDictionary<TopicPartition, long> ends)
        => ends.Sum(end => Math.Max(0, end.Value - reader.NextOffsets.GetValueOrDefault(end.Key)));

    private HubException Wrong(string message, string suggestion) => new(new Finding(Codes.IndexGenerations, Severity.Error, subject, message, suggestion));
}
