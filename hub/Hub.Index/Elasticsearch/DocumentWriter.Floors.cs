using System.Text;
using System.Text.Json.Nodes;
using Hub.Core.Index;
using Hub.Core.Log;

namespace Hub.Index.Elasticsearch;

internal sealed partial class DocumentWriter
{
    /// <summary>The floor stands for the markers of all that is deleted, known to the index or not.</summary>
    private async Task<WriteOutcome> TruncateAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        var (subject, source, floor) = (entry.Place.Topic, entry.Source, entry.Version);
        var isStale = false;
        await store.ChangeAsync(
            state =>
            {
                isStale = floor < state.FloorOf(subject, source);
                if (isStale || floor == state.FloorOf(subject, source))
                    return false;
                if (!state.Floors.TryGetValue(subject, out var sources))
                    state.Floors.Add(subject, sources = []);
                sources[source] = floor;
                return true;
            }, cancellationToken);
        if (isStale)
            return WriteOutcome.Stale;
        await SweepAsync(subject, Targets(store.State, subject), source, floor, cancellationToken);
        return WriteOutcome.Applied;
    }

    /// <summary>Deletes from one generation what truncates have deleted while it was not written.</summary>
    public async Task SweepAsync(string subject, int generation, CancellationToken cancellationToken)
    {
        foreach (var (source, floor) in store.State.Floors.GetValueOrDefault(subject) ?? [])
            await SweepAsync(subject, [generation], source, floor, cancellationToken);
    }

    /// <summary>Deletes what is older than a floor, until no write that was under way is left behind it.</summary>
    private async Task SweepAsync(string subject, int[] numbers, string source, long floor, CancellationToken cancellationToken)
    {
        var query = new JsonObject
        {
            ["query"] = new JsonObject
            {
                ["bool"] = new JsonObject
                {
                    ["filter"] = new JsonArray(
                        new JsonObject { ["term"] = new JsonObject { [EngineFields.Source] = source } },
                        new JsonObject { ["range"] = new JsonObject { [EngineFields.Version] = new JsonObject { ["lt"] = floor } } }),
                },
            },
        };
        foreach (var number in numbers)
        {
            var name = names.GenerationOf(subject, number);
            for (var left = 1L; left > 0;)
            {
                await client.AskAsync(HttpMethod.Post, $"{name}/_refresh", null, cancellationToken);
                var answer = await client.AskAsync(HttpMethod.Post, $"{name}/_delete_by_query?conflicts=proceed&refresh=true", query.DeepClone(), cancellationToken);
                left = (long)answer["version_conflicts"]!;
            }
        }
    }

    private bool IsBelowFloor(LogBatch entries, int number)
    {
        var (subject, version) = (entries[number].Place.Topic, entries[number].Version);
        return store.State.Floors.ContainsKey(subject) && version < store.State.FloorOf(subject, SourceOf(entries.Bytes(entries[number].Key)));
    }

    private static string SourceOf(ReadOnlySpan<byte> id) => Encoding.UTF8.GetString(id[..Math.Max(0, id.IndexOf((byte)':'))]);
}
