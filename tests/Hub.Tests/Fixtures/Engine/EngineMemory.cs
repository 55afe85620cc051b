using System.Globalization;
using System.Text.Json.Nodes;

namespace Hub.Tests.Fixtures.Engine;

/// <summary>
/// What a healthy engine does with the requests of Hub: keeps documents by their external version, its mappings and its state, in memory. It finds
/// nothing; what is in it a test sees in <see cref="Documents"/>.
/// </summary>
internal sealed class EngineMemory
{
    private readonly Dictionary<string, JsonNode> indices = [];
    private readonly Dictionary<string, string> aliases = [];
    private readonly Dictionary<string, (long Sequence, JsonNode Source)> states = [];
    private long sequence;

    public JsonNode Version { get; set; } = JsonNode.Parse("""{"number":"8.15.0","build_flavor":"default","lucene_version":"9.11.1"}""")!;

    /// <summary>By index and id.</summary>
    public Dictionary<(string Index, string Id), (long Version, JsonNode Source)> Documents { get; } = [];

    /// <summary>Per id: what is answered instead of doing what is asked for, and how often.</summary>
    public Dictionary<string, (int Status, string Error, int Times)> Refusals { get; } = [];

    public (int Status, JsonNode Body) Answer(string method, string path, string body)
    {
        var parts = path.Trim('/').Split('/');
        return (method, parts) switch
        {
            ("GET", [""]) => (200, new JsonObject { ["name"] = "es1", ["version"] = Version.DeepClone(), ["tagline"] = "You Know, for Search" }),
            (_, ["_bulk"]) => (200, Bulk(body)),
            (_, [var index, "_doc" or "_create", _]) => State(method, parts[1], index, body),
            ("GET", [var index, "_mapping"]) => indices.TryGetValue(index, out var made) ? (200, new JsonObject { [index] = new JsonObject { ["mappings"] = made["mappings"]!.DeepClone() } }) : (404, Missing(index)),
            ("PUT", [var index]) => Create(index, JsonNode.Parse(body)!),
            (_, [.., "_refresh"]) => (200, JsonNode.Parse("""{"_shards":{"total":2,"successful":1,"failed":0}}""")!),
            (_, [.., "_search"]) => (200, JsonNode.Parse("""{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}""")!),
            _ => (200, new JsonObject { ["acknowledged"] = true }),
        };
    }

    private (int, JsonNode) Create(string name, JsonNode body)
    {
        if (!indices.TryAdd(name, body))
            return (400, JsonNode.Parse($$"""{"error":{"type":"resource_already_exists_exception","reason":"index [{{name}}/Qx] already exists"},"status":400}""")!);
        foreach (var (alias, _) in body["aliases"] as JsonObject ?? [])
            aliases[alias] = name;
        return (200, new JsonObject { ["acknowledged"] = true });
    }

    private (int, JsonNode) State(string method, string kind, string index, string body)
    {
        var isThere = states.TryGetValue(index, out var held);
        if (method == "GET")
            return isThere
                ? (200, new JsonObject { ["found"] = true, ["_seq_no"] = held.Sequence, ["_primary_term"] = 1, ["_source"] = held.Source.DeepClone() })
                : (404, new JsonObject { ["_index"] = index, ["found"] = false });
        if (kind == "_create" && isThere)
            return (409, JsonNode.Parse("""{"error":{"type":"version_conflict_engine_exception","reason":"[hub]: version conflict, document already exists"},"status":409}""")!);
        states[index] = (sequence++, JsonNode.Parse(body)!);
        return (isThere ? 200 : 201, JsonNode.Parse("""{"result":"updated","_shards":{"total":2,"successful":1,"failed":0}}""")!);
    }

    private JsonObject Bulk(string body)
    {
        var lines = body.Split('\n');
        var answers = new JsonArray();
        for (var i = 0; i + 1 < lines.Length; i += 2)
            answers.Add(new JsonObject { ["index"] = Write(JsonNode.Parse(lines[i])!["index"]!, lines[i + 1]) });
        return new() { ["took"] = 3, ["errors"] = answers.Any(answer => answer!["index"]!["error"] is not null), ["items"] = answers };
    }

    private JsonObject Write(JsonNode action, string line)
    {
        var (alias, id, version) = ($"{action["_index"]}", $"{action["_id"]}", (long)action["version"]!);
        if (Refusals.TryGetValue(id, out var refusal) && refusal.Times > 0)
        {
            Refusals[id] = refusal with { Times = refusal.Times - 1 };
            return Refused(alias, id, refusal.Status, refusal.Error);
        }

        if (!aliases.TryGetValue(alias, out var index))
            return Refused(alias, id, 404, $$"""{"type":"index_not_found_exception","reason":"no such index [{{alias}}] and [require_alias] request flag is [true] and [{{alias}}] is not an alias"}""");
        if (Documents.TryGetValue((index, id), out var held) && held.Version > version)
            return Refused(index, id, 409, string.Create(CultureInfo.InvariantCulture, $$"""{"type":"version_conflict_engine_exception","reason":"[{{id}}]: version conflict, current version [{{held.Version}}] is higher than the one provided [{{version}}]","index":"{{index}}","shard":"0"}"""));
        Documents[(index, id)] = (version, JsonNode.Parse(line)!);
        return JsonNode.Parse($$"""{"_index":"{{index}}","_id":"{{id}}","_version":{{version}},"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":7,"_primary_term":1,"status":201}""")!.AsObject();
    }

    private static JsonObject Refused(string index, string id, int status, string error) => new() { ["_index"] = index, ["_id"] = id, ["status"] = status, ["error"] = JsonNode.Parse(error) };

    private static JsonNode Missing(string index) => JsonNode.Parse($$"""{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [{{index}}]"}],"type":"index_not_found_exception","reason":"no such index [{{index}}]"},"status":404}""")!;
}
