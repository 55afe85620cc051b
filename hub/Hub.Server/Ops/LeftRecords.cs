using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Mapping;
using Hub.Core.Ops;

namespace Hub.Server.Ops;

/// <summary>
/// Records that nothing keeps up to date: their table was taken out of the definition of their source. They stay searchable as
/// they were, so whoever sees them is told.
/// </summary>
internal sealed class LeftRecords(IIndex index, IReadOnlyList<SourceDefinition> definitions, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private readonly HashSet<(string Source, string Subject)> filled =
        [.. definitions.SelectMany(definition => definition.Tables, (definition, table) => (definition.Name, table.Subject))];

    private (long LookedAt, IReadOnlyList<Finding> Findings)? last;

    /// <summary>Whether a definition fills the subject from the source, so that the source's asOf holds for its records.</summary>
    public bool IsKept(string source, string subject) => subject == DeadLetterBook.Topic || filled.Contains((source, subject));

    /// <summary>One finding per subject and source that has records left; looked at once a minute at most.</summary>
    public async ValueTask<IReadOnlyList<Finding>> ReadAsync(CancellationToken cancellationToken)
    {
        if (last is { } known && time.GetElapsedTime(known.LookedAt) < LookInterval)
            return known.Findings;
        var findings = new List<Finding>();
        foreach (var count in await index.CountAsync(cancellationToken))
        {
            if (count.Documents == 0)
                continue;
            var result = await index.SearchAsync(new SearchQuery { Subjects = [count.Subject], Facets = ["source"], FacetSize = 100, Highlight = false, Size = 0 }, cancellationToken);
            findings.AddRange(result.Facets[0].Values.Where(source => !IsKept(source.Value, count.Subject)).Select(source => Left(source.Value, count.Subject, source.Count)));
        }

        last = (time.GetTimestamp(), findings);
        return findings;
    }

    private static Finding Left(string source, string subject, long count) => new(
        Codes.RecordsLeft, Severity.Warning, subject,
        $"no table of the source '{source}' fills {subject} any more; {count} records of it are in the index as they were, and asOf does not hold for them.",
        "Put the table back into the definition. If it is given up, and no other source fills the subject: stop Hub and delete the folder 'index' of its data folder, which is then built anew without them.");
}
