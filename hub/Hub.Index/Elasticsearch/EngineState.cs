using System.Text.Json;
using System.Text.Json.Nodes;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>Which generations a subject has.</summary>
/// <param name="Live">The one that is searched.</param>
/// <param name="Building">The one that is being filled and is written beside it; null when none is.</param>
/// <param name="Kept">An earlier one that may become live again; null when none is.</param>
/// <param name="IsReturning">Whether the building one is the one that was kept.</param>
internal sealed record SubjectState(int Live, int? Building = null, int? Kept = null, bool IsReturning = false)
{
    /// <summary>Per partition of the topic, the first offset that the building or the kept generation may not have been given.</summary>
    public Dictionary<int, long> Next { get; init; } = [];
}

/// <summary>What all Hubs that share the index know together. One document, changed only by whoever has seen its last state.</summary>
internal sealed record EngineState
{
    /// <summary>The log that the index is filled from.</summary>
    public string Log { get; init; } = "";

    /// <summary>Another for each index that is made: what was read for one that is gone counts for nothing.</summary>
    public string Identity { get; init; } = "";

    public Dictionary<string, SubjectState> Subjects { get; init; } = [];

    /// <summary>Per subject and source: everything of a lower version is deleted, also what arrives later.</summary>
    public Dictionary<string, Dictionary<string, long>> Floors { get; init; } = [];

    public long FloorOf(string subject, string source)
        => Floors.TryGetValue(subject, out var sources) && sources.TryGetValue(source, out var floor) ? floor : long.MinValue;

    /// <summary>A copy to change: the state that others hold stays as it is.</summary>
    public EngineState Copy() => JsonSerializer.Deserialize<EngineState>(JsonSerializer.SerializeToUtf8Bytes(this, EngineJson.Options), EngineJson.Options)!;
}

/// <summary>Reads and changes the <see cref="EngineState"/> in the engine.</summary>
internal sealed class StateStore(EngineClient client, IndexNames names)
{
    private const string Document = "hub";

    private long sequence;
    private long term;

    /// <summary>As it was when last read or changed.</summary>
    public EngineState State { get; private set; } = new();

    /// <summary>Reads it anew; false when there is none.</summary>
    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var path = $"{names.State}/_doc/{Document}";
        var answer = await client.SendAsync(HttpMethod.Get, path, null, cancellationToken);
        if (answer.Status == System.Net.HttpStatusCode.NotFound)
            return false;
        if (!answer.IsSuccess)
            throw EngineFailure.Of(answer, client.Address, $"GET {path}");
        var found = answer.Json;
        if ((long)found["_seq_no"]! != sequence || (long)found["_primary_term"]! != term || State.Identity.Length == 0)
            State = found["_source"].Deserialize<EngineState>(EngineJson.Options) ?? throw Gone();
        (sequence, term) = ((long)found["_seq_no"]!, (long)found["_primary_term"]!);
        return true;
    }

    /// <summary>Reads anew what must be there.</summary>
    /// <exception cref="HubException"><see cref="Codes.EngineIndexMissing"/>: somebody deleted it.</exception>
    public async Task ReadAgainAsync(CancellationToken cancellationToken)
    {
        if (!await ReadAsync(cancellationToken))
            throw Gone();
    }

    /// <summary>Writes the first state, or reads another Hub's, when that was faster.</summary>
    /// <exception cref="HubException"><see cref="Codes.EngineIndexMissing"/>: there are indices already, and nobody knows any more what they hold.</exception>
    public async Task CreateAsync(EngineState first, CancellationToken cancellationToken)
    {
        var shown = await client.SendAsync(HttpMethod.Get, $"_alias/{names.All}", null, cancellationToken);
        // Whoever shows an index makes the state before it.
        if (shown.IsSuccess && shown.Json is JsonObject indices && indices.Any(index => index.Value is JsonObject) && !await ReadAsync(cancellationToken))
            throw Gone();
        var made = await client.SendAsync(HttpMethod.Put, names.State, new JsonObject
        {
            ["settings"] = new JsonObject { ["index"] = new JsonObject { ["number_of_shards"] = 1, ["auto_expand_replicas"] = "0-1" } },
            ["mappings"] = new JsonObject { ["enabled"] = false },
        }, cancellationToken);
        if (!made.IsSuccess && EngineFailure.TypeOf(made.Json) != "resource_already_exists_exception")
            throw EngineFailure.Of(made, client.Address, $"PUT {names.State}");
        var answer = await client.SendAsync(HttpMethod.Put, $"{names.State}/_create/{Document}", JsonSerializer.SerializeToNode(first, EngineJson.Options), cancellationToken);
        if (!answer.IsSuccess && answer.Status != System.Net.HttpStatusCode.Conflict)
            throw EngineFailure.Of(answer, client.Address, "the first state");
        await ReadAgainAsync(cancellationToken);
    }

    /// <summary>Changes it, again when somebody else was faster.</summary>
    /// <param name="change">Gets a copy to change, and says whether it did.</param>
    public async Task ChangeAsync(Func<EngineState, bool> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = State.Copy();
            if (!change(changed))
                return;
            var answer = await client.SendAsync(
                HttpMethod.Put, $"{names.State}/_doc/{Document}?if_seq_no={sequence}&if_primary_term={term}", JsonSerializer.SerializeToNode(changed, EngineJson.Options), cancellationToken);
            if (!answer.IsSuccess && answer.Status != System.Net.HttpStatusCode.Conflict)
                throw EngineFailure.Of(answer, client.Address, "a change of the state");
            await ReadAgainAsync(cancellationToken);
            if (answer.IsSuccess)
                return;
        }
    }

    private HubException Gone() => new(new Finding(
        Codes.EngineIndexMissing, Severity.Error, $"{client.Address}", $"the state of the index, {names.State}, is gone or damaged.", "Stop all Hubs, delete what is left of their indices, start them: they fill new ones from the log."));
}
