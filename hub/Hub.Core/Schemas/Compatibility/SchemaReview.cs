using Hub.Core.Ops;
using Hub.Core.Schemas.Resolution;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>Checks the versions of Hub's own subjects against each other.</summary>
public static class SchemaReview
{
    /// <summary>Each version of each subject against those before it: what is incompatible, and what needs the index to be built again.</summary>
    public static IReadOnlyList<Finding> Check(IEnumerable<SubjectSchema> versions, CompatibilityLevel level)
    {
        var findings = new List<Finding>();
        foreach (var line in Lines(versions))
            for (var i = 1; i < line.Length; i++)
                findings.AddRange(Check(line[i], line[..i], level));
        return findings;
    }

    /// <summary>A new version against the earlier ones, oldest first.</summary>
    public static IReadOnlyList<Finding> Check(SubjectSchema next, IReadOnlyList<SubjectSchema> earlier, CompatibilityLevel level)
    {
        if (earlier.Count == 0)
            return [];
        var found = CompatibilityLevels.Check(level, next.Type, [.. earlier.Select(schema => schema.Type)]).ToList();
        // Hub knows what the numbers mean: a day read as a moment breaks no rule of Avro.
        if (CompatibilityLevels.IsBackward(level))
            found.AddRange(MeaningFaults(next, earlier, CompatibilityLevels.IsTransitive(level) ? 0 : earlier.Count - 1).Except(found));
        return
        [
            .. found.Select(fault => CompatibilityFinding.Of(fault, PlaceOf(next), $"version {earlier[fault.Earlier].Version}")),
            .. IndexChanges.Between(earlier[^1], next).Select(change => new Finding(
                Codes.SchemaNeedsRebuild, Severity.Warning, PlaceOf(next), change, "Stop Hub, delete the folder of the index and start again: Hub rebuilds it from the log.")),
        ];
    }

    /// <summary>Where the latest version of a subject cannot read what an earlier one wrote, whatever level is agreed on.</summary>
    internal static IReadOnlyList<Finding> CheckReadable(IEnumerable<SubjectSchema> versions)
        => [.. from line in Lines(versions)
               from earlier in line[..^1]
               from fault in FaultsOf(line[^1], earlier)
               select CompatibilityFinding.Of(new VersionIncompatibility(0, NewSide.Reader, fault), PlaceOf(line[^1]), $"version {earlier.Version}")];

    private static IEnumerable<VersionIncompatibility> MeaningFaults(SubjectSchema next, IReadOnlyList<SubjectSchema> earlier, int first)
        => Enumerable.Range(first, earlier.Count - first).SelectMany(i => FaultsOf(next, earlier[i]).Select(fault => new VersionIncompatibility(i, NewSide.Reader, fault)));

    private static IReadOnlyList<Incompatibility> FaultsOf(SubjectSchema reader, SubjectSchema writer)
    {
        _ = ReadPlan.Compile(reader, writer.Type, out var faults);
        return faults;
    }

    private static IEnumerable<SubjectSchema[]> Lines(IEnumerable<SubjectSchema> versions)
        => versions.GroupBy(schema => schema.Subject, StringComparer.Ordinal)
            .OrderBy(line => line.Key, StringComparer.Ordinal)
            .Select(line => line.OrderBy(schema => schema.Version).ToArray());

    private static string PlaceOf(SubjectSchema schema) => $"{schema.Subject} {schema.Version}";
}
