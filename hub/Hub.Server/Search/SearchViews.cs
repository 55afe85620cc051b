using System.ComponentModel;
using System.Text.Json.Serialization;
using Hub.Core.Index;

namespace Hub.Server.Search;

[Description("A page of hits.")]
public sealed record SearchResponse(
    [property: Description("How many records match in all.")] long Total,
    IReadOnlyList<HitView> Hits,
    [property: Description("One per facet asked for, in that order.")] IReadOnlyList<FacetView> Facets,
    [property: Description("Give it as cursor, with an otherwise equal query, for the next page; null on the last page.")] string? NextCursor,
    [property: Description("Per source: every change committed upstream before this moment was searchable; null until its first full read is complete.")]
    IReadOnlyDictionary<string, DateTime?> AsOf,
    [property: Description("How long the search took in Hub, in milliseconds, without waiting for freshness.")] double TookMs)
{
    [Description("With explain=true: how the words were understood, and what the engine was asked.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public QueryExplanation? Explanation { get; init; }
}

[Description("One record that matches.")]
public sealed record HitView(
    string Subject,
    [property: Description("{source}:{key}")] string Id,
    [property: Description("Decides which of two writes of the record is newer; up to 63 bits.")] long Version,
    string Source,
    [property: Description("Whether the source still fills the subject; when not, the record stays as it was, and asOf does not hold for it.")] bool IsKept,
    [property: Description("Relevance; 0 when sorted by a field.")] float Score,
    [property: Description("The field marked as title; the id when it is empty.")] string Title,
    RecordView Record,
    [property: Description("Per field, fragments with <em> around what matched; everything else in them is HTML-escaped.")]
    IReadOnlyDictionary<string, IReadOnlyList<string>> Highlights,
    [property: Description("The records this one names.")] IReadOnlyList<RecordLink> Links)
{
    [Description("With explain=true: what was found where and what it added to the score, most first; then the whole calculation, line by line.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HitExplanation? Explanation { get; init; }
}

[Description("How often each value of a field occurs among all matches, most frequent first.")]
public sealed record FacetView(
    string Field,
    IReadOnlyList<FacetValueView> Values,
    [property: Description("Matches whose value is not listed.")] long Other);

public sealed record FacetValueView(
    string Value,
    long Count,
    [property: Description("The name of the code; null when it has none, or not the same for all matches.")] string? Name);

[Description("One record with its links both ways.")]
public sealed record RecordResponse(
    string Subject,
    string Id,
    long Version,
    string Source,
    [property: Description("Whether the source still fills the subject; when not, the record stays as it was, and asOf does not hold for it.")] bool IsKept,
    string Title,
    RecordView Record,
    [property: Description("From the top (部门、单位、项目、指标 …) down to this record, which is the last.")] IReadOnlyList<PathStep> Path,
    [property: Description("The records this one names.")] IReadOnlyList<OutgoingLink> Links,
    [property: Description("The records that name this one, by subject and field.")] IReadOnlyList<IncomingLinks> LinkedFrom,
    IReadOnlyDictionary<string, DateTime?> AsOf);

public sealed record PathStep(string Subject, string Id, string Title, string Url);

public sealed record OutgoingLink(
    string Field,
    string Subject,
    string Id,
    [property: Description("Null when the record is not in Hub.")] string? Title,
    [property: Description("Whether the record is in Hub.")] bool Exists,
    string Url);

public sealed record IncomingLinks(
    string Subject,
    string Field,
    [property: Description("How many there are in all.")] long Count,
    [property: Description("The first of them.")] IReadOnlyList<PathStep> First,
    [property: Description("The search that lists all.")] string SearchUrl);

[Description("Places in the log.")]
public sealed record ReceiptResponse([property: Description("Give it as waitFor.")] string Receipt);
