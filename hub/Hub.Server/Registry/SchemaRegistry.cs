using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Core.Sources;

namespace Hub.Server.Registry;

/// <summary>
/// Hub's own registry: the versions of <c>schemas/</c>, and what clients have registered, which the log keeps. What the log holds is
/// what counts: a change is appended and then read back like everybody else's, so that several Hubs on one log agree. For concurrent use.
/// </summary>
internal sealed class SchemaRegistry : ISchemaSource
{
    public const string Topic = "hub.schema";

    /// <summary>The source that the changes are of; one Hub at a time holds its lease and may write.</summary>
    public const string Source = "hub-registry";

    public static readonly TopicPartition Place = new(Topic, 0);

    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(10);

    private readonly ILog log;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim writing = new(1);
    private readonly LogBatch entries = new();
    private readonly RegistryState own;
    private volatile RegistryState state;
    private volatile string? notReady = "Hub is starting; ask again in a moment.";
    private volatile bool isPrimary;
    private volatile TaskCompletionSource moved = NewSignal();
    private long applied;

    public SchemaRegistry(ILog log, SchemaCatalog catalog, TimeProvider time)
    {
        (this.log, this.time) = (log, time);
        own = state = catalog.Versions.Aggregate(RegistryState.Empty, (all, schema) =>
        {
            var parsed = ParsedSchema.Of(new SchemaText(schema.Json), all);
            return all.With(new(SubjectNames.OfValues(schema.Subject), schema.Version, schema.Id, parsed.Text, [], parsed.Identity, IsDeleted: false, IsOwn: true));
        });
    }

    /// <summary>What is known now.</summary>
    /// <exception cref="RegistryFault">The log has not been read yet, or cannot be.</exception>
    public RegistryState State => notReady is { } why ? throw RegistryFault.NotReady(why) : state;

    /// <summary>Whether this Hub may write.</summary>
    public bool IsPrimary { get => isPrimary; set => isPrimary = value; }

    /// <summary>Makes the changes that are decided on, one caller after the other, each on what all the earlier ones have left.</summary>
    /// <returns>What the decision returned, when the changes are durable and known here.</returns>
    /// <exception cref="RegistryFault">The decision refuses, or this Hub may not write.</exception>
    public async Task<T> ChangeAsync<T>(Func<RegistryState, RegistryWriter, T> decide, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            _ = State;
            if (!isPrimary)
                throw RegistryFault.NotThePrimary();
            // Also after a change whose fate is not known: the log says what became of it.
            await CatchUpAsync((await log.ReadEndsAsync([Topic], cancellationToken))[Place], cancellationToken);
            var position = RegistryPosition.Of((await log.ReadCheckpointAsync(Source, cancellationToken))?.Checkpoint.Position);
            var writer = new RegistryWriter(Math.Max(position.LastId, Math.Max(State.LastId, RegistryState.FirstClientId - 1)));
            var result = decide(State, writer);
            if (writer.Changes.Count > 0)
                await AppendAsync(writer, position.Sequence + 1, cancellationToken);
            return result;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <exception cref="HubException">Transient: the log has not been read yet.</exception>
    public Task<SchemaText?> FindAsync(int id, CancellationToken cancellationToken)
        => Task.FromResult(StateForReaders().VersionsOf(id).FirstOrDefault()?.ToText());

    /// <exception cref="HubException">Transient: the log has not been read yet.</exception>
    public Task<RegisteredSchema?> FindAsync(string subject, int version, CancellationToken cancellationToken)
        => Task.FromResult(StateForReaders().VersionsOf(subject, deleted: true).FirstOrDefault(held => held.Version == version)?.ToAnswer());

    /// <summary>Takes over what has been read from the log.</summary>
    /// <param name="next">The offset that is read next.</param>
    public void Apply(LogBatch batch, long next)
    {
        var now = state;
        for (var i = 0; i < batch.Count; i++)
            now = RegistryChange.Read(batch, batch[i]).Apply(now);
        state = now;
        Volatile.Write(ref applied, next);
        Interlocked.Exchange(ref moved, NewSignal()).TrySetResult();
    }

    /// <summary>Serves from now on.</summary>
    public void Resume() => notReady = null;

    /// <summary>Forgets what the log held, which is read anew, and says why nothing is served until then.</summary>
    public void Suspend(string why)
    {
        notReady = why;
        state = own;
    }

    private RegistryState StateForReaders()
        => notReady is { } why
            ? throw new HubException(new Finding(Codes.RegistryUnreachable, Severity.Error, "registry", why, "Hub asks again by itself.")) { IsTransient = true }
            : state;

    private async Task AppendAsync(RegistryWriter writer, long sequence, CancellationToken cancellationToken)
    {
        entries.Clear();
        foreach (var change in writer.Changes)
            change.Write(entries, Source, Place, sequence);
        // Once begun it is not given up with the caller: half of the answer would be in the log.
        var ends = await log.AppendAsync(entries, new Checkpoint(Source, new RegistryPosition(sequence, writer.LastId).ToSourcePosition()), CancellationToken.None);
        await CatchUpAsync(ends[Place], cancellationToken);
    }

    private async Task CatchUpAsync(long end, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            // Taken before looking, so that a move in between is not slept through.
            var move = moved.Task;
            if (Volatile.Read(ref applied) >= end)
                return;
            var left = ConfirmWithin - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                throw RegistryFault.TimedOut();
            await Task.WhenAny(move, Task.Delay(left, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
