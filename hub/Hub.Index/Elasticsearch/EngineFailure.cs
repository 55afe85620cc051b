using System.Net;
using System.Text.Json.Nodes;
using Hub.Core.Ops;

namespace Hub.Index.Elasticsearch;

/// <summary>What the engine's refusals mean for an operator, and whether trying again may help.</summary>
internal static class EngineFailure
{
    private const int LongestReason = 500;

    /// <summary>No node answers.</summary>
    public static HubException Unreachable(Uri address, Exception failure)
    {
        var isRefused = failure is HttpRequestException { InnerException: CertificateRefusedException };
        var reason = failure switch
        {
            HttpRequestException { InnerException.Message: var inner } => inner,
            OperationCanceledException or Polly.Timeout.TimeoutRejectedException => "it does not answer in time.",
            _ => failure.Message,
        };
        return new(
            new Finding(
                Codes.EngineUnreachable, Severity.Error, $"{address}", $"the index cannot be reached: {reason}",
                isRefused ? "Set elasticsearch.caFile to the PEM file of the authority that signed the certificates of the nodes, and elasticsearch.url to the names that they are for."
                    : "Check elasticsearch.url, and that Elasticsearch or OpenSearch runs there; Hub tries again by itself."),
            failure) { IsTransient = true };
    }

    /// <summary>What answers there does not speak as an engine does, or something in between changes what it says.</summary>
    public static HubException Garbled(Uri address, string message, Exception? failure = null) => new(
        new Finding(Codes.EngineFailed, Severity.Error, $"{address}", message, "Check elasticsearch.url, and what is between Hub and the engine; Hub tries again by itself."), failure) { IsTransient = true };

    /// <summary>The answer is there, and is not all there is.</summary>
    public static HubException Partial(EngineAnswer answer, Uri address, string request) => Make(
        Codes.EngineFailed, address,
        answer.FailedShards > 0 ? $"{request} was answered without {answer.FailedShards} shards, so not completely: {ReasonOf(answer.Json)}" : $"{request} was answered before all was found, for lack of time.",
        "Look at the health of the engine (GET /_cluster/health) and at its log; Hub tries again by itself.", isTransient: true);

    /// <summary>For a while the engine took nothing of a request.</summary>
    public static HubException Busy(Uri address, TimeSpan waited, string reason) => Make(
        Codes.EngineFailed, address, $"for {waited.TotalSeconds:F0} s the index took nothing of what it was sent: {reason}",
        "Look at the load and at the health of the engine (GET /_cluster/health); Hub tries again by itself.", isTransient: true);

    public static HubException Of(EngineAnswer answer, Uri address, string request)
        => Of((int)answer.Status, TypeOf(answer.Json), ReasonOf(answer.Json), address, request);

    public static HubException Of(int status, string type, string reason, Uri address, string request) => (status, type) switch
    {
        (401, _) => Make(Codes.EngineLoginRefused, address, "the login is refused.", "Check elasticsearch.user and elasticsearch.password, or elasticsearch.apiKey.", isTransient: false),
        (_, "security_exception") => Make(Codes.EngineLoginRefused, address, $"the user may not do this: {reason}", "Give the user the rights 'all' on the indices of Hub, and 'monitor' and 'manage_index_templates' on the cluster.", isTransient: false),
        (not 503, "cluster_block_exception") => Make(
            Codes.EngineBlocked, address, $"the index takes no writes: {reason}",
            "Most likely a disk is full: make room; newer engines lift the block by themselves, others by PUT /_all/_settings {\"index.blocks.read_only_allow_delete\":null}. Hub tries again by itself.", isTransient: true),
        (_, "index_closed_exception") => Make(Codes.EngineBlocked, address, $"an index is closed: {reason}", "Open it by POST /<index>/_open. Hub tries again by itself.", isTransient: true),
        (404, "index_not_found_exception") => Make(
            Codes.EngineIndexMissing, address, $"an index of Hub is gone: {reason}", "Somebody deleted it. Stop Hub, delete what is left of Hub's indices, start Hub: it fills them from the log.", isTransient: true),
        (< 200, _) => Garbled(address, $"{request} was answered without a status: {reason}"),
        (408 or 413 or 429 or >= 500, _) => Make(Codes.EngineFailed, address, $"{request} failed with status {status}: {reason}", "Look at the log of the engine; Hub tries again by itself.", isTransient: true),
        _ => Make(Codes.EngineRefused, address, $"{request} was refused with status {status}: {reason}", "Look at the log of the engine, and whether its version is Elasticsearch 7.17 or later, or OpenSearch 2 or later.", isTransient: false),
    };

    public static string TypeOf(JsonNode answer)
        => ErrorOf(answer) is JsonObject error ? Root(error)?["type"]?.ToString() is { Length: > 0 } root && error["type"]?.ToString() is "search_phase_execution_exception" ? root : $"{error["type"]}" : "";

    public static string ReasonOf(JsonNode answer)
    {
        var reason = ErrorOf(answer) switch
        {
            JsonObject error => $"{error["type"]}: {Root(error)?["reason"] ?? error["reason"]}",
            { } text => text.ToString(),
            _ => "it says nothing more.",
        };
        return reason.Length > LongestReason ? $"{reason[..LongestReason]}…" : reason;
    }

    /// <summary>A request over many documents or shards tells its errors one by one; the first stands for them.</summary>
    private static JsonNode? ErrorOf(JsonNode answer)
        => answer["error"] ?? ((answer["failures"] ?? answer["_shards"]?["failures"]) is JsonArray { Count: > 0 } failures && failures[0] is JsonObject failure ? failure["cause"] ?? failure["reason"] : null);

    private static JsonNode? Root(JsonObject error) => error["root_cause"] is JsonArray { Count: > 0 } causes ? causes[0] : null;

    private static HubException Make(string code, Uri address, string message, string suggestion, bool isTransient)
        => new(new Finding(code, Severity.Error, $"{address}", message, suggestion)) { IsTransient = isTransient };
}
