using System.ComponentModel;
using System.Text.Json.Serialization;
using Hub.Core.Ops;

namespace Hub.Server.Hosting;

/// <summary>What every refusal of the API looks like (RFC 9457, <c>application/problem+json</c>).</summary>
[Description("Why a request was refused, and what to do.")]
public sealed record Problem(
    [property: Description("urn:hub: and the code.")] string Type,
    [property: Description("The kind of problem in a few words.")] string Title,
    [property: Description("The HTTP status.")] int Status,
    [property: Description("What is wrong, in one sentence.")] string Detail,
    [property: Description("Stable code, such as HUB5003; programs decide by it.")] string Code,
    [property: Description("What to do.")] string? Suggestion,
    [property: Description("The query parameter or part of the address that is wrong; for what is late, the source or the partition.")] string? Place,
    [property: Description("Names this request in Hub's log.")] string? TraceId)
{
    /// <summary>Set when more than one thing is wrong.</summary>
    [Description("Everything that is wrong, when it is more than one thing.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Finding>? Findings { get; init; }

    public const string ContentType = "application/problem+json";

    public static Problem Of(IReadOnlyList<Finding> findings, int status, string? traceId)
    {
        var first = findings[0];
        return new($"urn:hub:{first.Code}", TitleOf(first.Code), status, Sentence(first.Message), first.Code, first.Suggestion, first.Place, traceId)
        {
            Findings = findings.Count > 1 ? findings : null,
        };
    }

    // Findings are written to stand behind their place; here the text stands alone.
    private static string Sentence(string message) => char.ToUpperInvariant(message[0]) + message[1..];

    /// <summary>A wrong query is the caller's (400, or 404 for a record that is not there); anything else is Hub's own (500, 503).</summary>
    public static int StatusOf(string code) => code switch
    {
        Codes.RecordNotFound or Codes.RouteUnknown => StatusCodes.Status404NotFound,
        Codes.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        Codes.NotReady or Codes.SourceLate or Codes.ReceiptLate or Codes.EngineUnreachable or Codes.EngineFailed or Codes.EngineBlocked or Codes.EngineIndexMissing => StatusCodes.Status503ServiceUnavailable,
        Codes.IndexGenerations => StatusCodes.Status409Conflict,
        _ when code.StartsWith("HUB5", StringComparison.Ordinal) => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static string TitleOf(string code) => code switch
    {
        Codes.QueryInvalid => "The query cannot be read",
        Codes.QueryUnknownSubject => "Unknown subject",
        Codes.QueryUnknownField => "Unknown parameter or field",
        Codes.QueryFieldRole => "The field cannot be used this way",
        Codes.QueryValue => "The value does not fit",
        Codes.QueryCursor => "The cursor does not fit the query",
        Codes.QueryReceipt => "Not a receipt of this log",
        Codes.SourceLate or Codes.ReceiptLate => "Not searchable yet",
        Codes.RecordNotFound => "Not found",
        Codes.RouteUnknown => "No such address",
        Codes.MethodNotAllowed => "The method is not allowed here",
        Codes.NotReady => "Hub is not ready",
        Codes.EngineUnreachable or Codes.EngineFailed or Codes.EngineBlocked or Codes.EngineIndexMissing => "The index does not answer",
        Codes.IndexGenerations => "Not as the index stands",
        _ => "Hub could not answer",
    };
}
