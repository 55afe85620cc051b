using Hub.Core.Records;

namespace Hub.Core.DeadLetters;

/// <summary>Why a record was refused. Each has a runbook.</summary>
public static class DeadLetterReason
{
    /// <summary>The row could not be mapped to its subject.</summary>
    public const string NotMapped = "not-mapped";

    /// <summary>The source could not read the record.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>The index could not hold the document.</summary>
    public const string IndexRejected = "index-rejected";
}

/// <summary>A refused record, kept with everything that is needed to understand and replay it.</summary>
/// <param name="Id">Document id of the dead letter: one per refused document, or per position when the document's key cannot be read.</param>
/// <param name="Relation">Where it came from in the source; empty when it came from the log.</param>
/// <param name="Record">The refused bytes as JSON text: the row by column, the record as the source got it, or the base64 of the log's value.</param>
public sealed record DeadLetter(
    string Id, string Source, string? Subject, string Relation, string? DocumentKey, long Version, Operation Operation,
    string Position, string Reason, string Detail, string Record, DateTimeOffset? OccurredAt);
