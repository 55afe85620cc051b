using System.Net;
using System.Text.Json.Nodes;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>What the engine's refusals mean for an operator, and whether trying again may help.</summary>
internal static class EngineFailure
{
    private const int LongestReason = 500;

    public static HubException Unreachable(Uri address, Exception failure) => new(
        new Finding(
            Codes.EngineUnreachable, Severity.Error, $"{address}",
            $"the index cannot be reached: {(failure is HttpRequestException { InnerException.Message: var inner } ? inner : failure is OperationCanceledException or Polly.Timeout.TimeoutRejectedException ? "it does not answer in time." : failure.Message)}",
            "Check elasticsearch.url, and that Elasticsearch or OpenSearch runs there; Hub tries again by itself."),
        failure) { IsTransient = true };

    public static HubException Of(EngineAnswer answer, Uri address, string request)
        => Of((int)answer.Status, TypeOf(answer.Json), ReasonOf(answer.Json), address, request);

    public static HubException Of(int status, string type, string reason, Uri address, string request) => (status, type) switch
    {
        (401, _) => Make(Codes.EngineLoginRefused, address, "the login is refused.", "Check elasticsearch.user and elasticsearch.password, or elasticsearch.apiKey.", isTransient: false),
        (_, "security_exception") => Make(Codes.EngineLoginRefused, address, $"the user may not do this: {reason}", "Give the user the rights 'all' on the indices of Hub, and 'monitor' and 'manage_index_templates' on the cluster.", isTransient: false),
        (_, "cluster_block_exception") => Make(
            Codes.EngineBlocked, address, $"the index takes no writes: {reason}",
            "Most likely a disk is full: make room; newer engines lift the block by themselves, others by PUT /_all/_settings {\"index.blocks.read_only_allow_delete\":null}. Hub tries again by itself.", isTransient: true),
        (_, "index_closed_exception") => Make(Codes.EngineBlocked, address, $"an index is closed: {reason}", "Open it by POST /<index>/_open. Hub tries again by itself.", isTransient: true),
        (404, "index_not_found_exception") => Make(
            Codes.EngineIndexMissing, address, $"an index of Hub is gone: {reason}", "Somebody deleted it. Stop Hub, delete what is left of Hub's indices, start Hub: it fills them from the log.", isTransient: true),
        (408 or 413 or 429 or >= 500, _) => Make(Codes.EngineFailed, address, $"{request} failed with status {status}: {reason}", "Look at the log of the engine; Hub tries again by itself.", isTransient: true),
        _ => Make(Codes.EngineRefused, address, $"{request} was refused with status {status}: {reason}", "Look at the log of the engine, and whether its version is Elasticsearch 7.17 or later, or OpenSearch 2 or later.", isTransient: false),
    };

    public static string TypeOf(JsonNode answer)
        => answer["error"] is JsonObject error ? Root(error)?["type"]?.ToString() is { Length: > 0 } root && error["type"]?.ToString() is "search_phase_execution_exception" ? root : $"{error["type"]}" : "";

    private static string ReasonOf(JsonNode answer)
    {
        var reason = answer["error"] switch
        {
            JsonObject error => $"{error["type"]}: {Root(error)?["reason"] ?? error["reason"]}",
            { } text => text.ToString(),
            _ => "it says nothing more.",
        };
        return reason.Length > LongestReason ? $"{reason[..LongestReason]}…" : reason;
    }

    private static JsonNode? Root(JsonObject error) => error["root_cause"] is JsonArray { Count: > 0 } causes ? causes[0] : null;

    private static HubException Make(string code, Uri address, string message, string suggestion, bool isTransient)
        => new(new Finding(code, Severity.Error, $"{address}", message, suggestion)) { IsTransient = isTransient };
}
