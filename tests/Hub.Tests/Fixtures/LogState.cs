using System.Text;
using Hub.Core.Log;
using Hub.Core.Records;

namespace Hub.Tests.Fixtures;

/// <summary>What the log says is there now: of each key the newest version, with what truncates took away gone.</summary>
public sealed class LogState
{
    private readonly Dictionary<(string Topic, string Id), (long Version, byte[]? Value)> newest = [];
    private readonly Dictionary<(string Topic, string Source), long> floors = [];
    private readonly HashSet<(string Topic, string Id, long Version, bool IsDelete)> seen = [];

    /// <summary>Entries read.</summary>
    public int Entries { get; private set; }

    /// <summary>Entries that stand in the log twice: entries and checkpoint are one transaction, so there is none.</summary>
    public List<string> Doubles { get; } = [];

    /// <summary>Reads the topics from their beginning to where they end now.</summary>
    public static async Task<LogState> ReadAsync(ILog log, IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        var state = new LogState();
        var ends = await log.ReadEndsAsync(topics, cancellationToken);
        await using var reader = await log.OpenReaderAsync("comparison", [.. ends.Keys.Select(place => place.Topic).Distinct()], ends.ToDictionary(end => end.Key, _ => 0L), cancellationToken);
        var batch = new LogBatch();
        while (ends.Any(end => reader.NextOffsets[end.Key] < end.Value))
        {
            await reader.ReadAsync(batch, 1024 * 1024, Timeout.InfiniteTimeSpan, cancellationToken);
            for (var i = 0; i < batch.Count; i++)
                state.Add(batch, batch[i]);
        }

        return state;
    }

    /// <summary>The documents of the source that live, by id.</summary>
    public Dictionary<string, (long Version, byte[] Value)> Live(string topic, string source)
        => newest.Where(pair => pair.Key.Topic == topic && pair.Key.Id.StartsWith($"{source}:", StringComparison.Ordinal) && pair.Value.Value is not null
                && pair.Value.Version >= floors.GetValueOrDefault((topic, source), long.MinValue))
            .ToDictionary(pair => pair.Key.Id, pair => (pair.Value.Version, pair.Value.Value!), StringComparer.Ordinal);

    private void Add(LogBatch batch, in LogEntry entry)
    {
        Entries++;
        var key = (entry.Place.Topic, Id: Encoding.UTF8.GetString(batch.Bytes(entry.Key)));
        if (!seen.Add((key.Topic, key.Id, entry.Version, entry.Value.IsNull)))
            Doubles.Add($"{entry.Place} {entry.Offset}");
        if (entry.Operation == Operation.Truncate)
        {
            var scope = (entry.Place.Topic, entry.Source);
            floors[scope] = Math.Max(floors.GetValueOrDefault(scope, long.MinValue), entry.Version);
            return;
        }

        if (!newest.TryGetValue(key, out var held) || entry.Version >= held.Version)
            newest[key] = (entry.Version, entry.Value.HasValue ? batch.Bytes(entry.Value).ToArray() : null);
    }
}
