using System.Text;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;

namespace Hub.Tests.Fixtures;

/// <summary>One change as a source gave it.</summary>
public sealed record TapedChange(
    string Relation, string Key, Operation Operation, long Version, IReadOnlyDictionary<string, string?> Values, string Position);

/// <summary>Reads a source as the runner does, and remembers everything: changes, positions, and the state they lead to.</summary>
public sealed class SourceTape(ISource source, bool acknowledge = true, string keyColumn = "id", string valueColumn = "name")
{
    private readonly Dictionary<string, (long Version, string? Value)> newest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> floors = new(StringComparer.Ordinal);

    public List<TapedChange> Changes { get; private init; } = [];

    public List<SourcePosition> Positions { get; } = [];

    public List<int> ChangesAt { get; } = [];

    /// <summary>What the source had to wait for, as it told it.</summary>
    public List<Finding> Waits { get; } = [];

    public DateTimeOffset? CompleteAsOf { get; private set; }

    public int LargestBatch { get; private set; }

    public SourcePosition? Start { get; init; }

    /// <summary>The value of every live key, the newest version winning.</summary>
    public SortedDictionary<string, string> State
        => new(newest.Where(pair => pair.Value.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Value!), StringComparer.Ordinal);

    /// <summary>A run that goes on from the position with this index, knowing what was read before it.</summary>
    public SourceTape From(int position, ISource next)
    {
        var tape = new SourceTape(next, acknowledge, keyColumn, valueColumn) { Start = Positions[position] };
        foreach (var change in Changes.Take(ChangesAt[position]))
            tape.Apply(change);
        return tape;
    }

    /// <summary>Reads until the condition holds after a batch; fails after a minute.</summary>
    public async Task<SourceTape> ReadUntilAsync(Func<SourceTape, bool> done, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            await foreach (var batch in source.ReadAsync(Positions.Count > 0 ? Positions[^1] : Start, limit.Token))
            {
                if (batch.Waits is { } waits)
                {
                    Waits.Add(waits);
                    continue;
                }

                for (var i = 0; i < batch.Envelopes.Count; i++)
                    Add(batch.Envelopes, batch.Envelopes[i]);
                LargestBatch = Math.Max(LargestBatch, batch.Envelopes.Count);
                Positions.Add(batch.Position);
                ChangesAt.Add(Changes.Count);
                CompleteAsOf = batch.CompleteAsOf ?? CompleteAsOf;
                if (acknowledge)
                    await source.AcknowledgeAsync(batch.Position, limit.Token);
                if (done(this))
                    return this;
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
        }

        throw new TimeoutException($"The source did not get there in a minute. It read {Changes.Count} changes: {string.Join("; ", State.Take(20))}");
    }

    private void Add(EnvelopeBatch batch, in Envelope envelope)
    {
        var row = batch.RowOf(envelope);
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < row.Shape.Columns.Length; i++)
            if (!row.CellAt(i).IsAbsent)
                values[row.Shape.Columns[i].Name] = row.CellAt(i).IsNull ? null : Encoding.UTF8.GetString(row[i]);
        var change = new TapedChange(
            row.Shape.Relation, values.GetValueOrDefault(keyColumn) ?? "", envelope.Operation, envelope.Version, values, Encoding.UTF8.GetString(batch.PositionOf(envelope)));
        Changes.Add(change);
        Apply(change);
    }

    private void Apply(TapedChange change)
    {
        if (change.Operation == Operation.Truncate)
        {
            floors[change.Relation] = Math.Max(floors.GetValueOrDefault(change.Relation), change.Version);
            foreach (var key in newest.Where(pair => pair.Value.Version < change.Version).Select(pair => pair.Key).ToList())
                newest[key] = (change.Version, null);
        }
        else if (change.Version >= floors.GetValueOrDefault(change.Relation) && change.Version >= newest.GetValueOrDefault(change.Key, (long.MinValue, null)).Version)
        {
            newest[change.Key] = (change.Version, change.Operation == Operation.Delete ? null : change.Values.GetValueOrDefault(valueColumn));
        }
    }
}
