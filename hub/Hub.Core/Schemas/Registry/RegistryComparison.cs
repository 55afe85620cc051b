using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Registry;

/// <summary>Compares versions of the <c>schemas/</c> folder with what a registry holds of their subject, and names field, rule and what to do.</summary>
public sealed class RegistryComparison(RegistryClient client)
{
    private sealed record Earlier(string Name, AvroType Type);

    /// <summary>What would keep versions out of the registry, by the level that it has for the subject; empty when all are there already or may be added.</summary>
    /// <param name="line">Versions of one subject, oldest first, which would be registered in this order.</param>
    public async Task<IReadOnlyList<Finding>> CheckAsync(IReadOnlyList<SubjectSchema> line, CancellationToken cancellationToken)
    {
        var missing = new List<SubjectSchema>();
        foreach (var schema in line)
            if (await client.LookUpAsync(SubjectNames.OfValues(schema.Subject), new(schema.Json), cancellationToken) is null)
                missing.Add(schema);
        return missing.Count == 0 ? [] : await CheckMissingAsync(missing, cancellationToken);
    }

    /// <summary>A version as the registry holds it; null for the latest one.</summary>
    /// <returns>Null when there is no such version.</returns>
    public async Task<(int Version, AvroType Type)?> ReadAsync(string subject, int? version, CancellationToken cancellationToken)
    {
        var name = SubjectNames.OfValues(subject);
        var found = version is { } number ? await client.FindAsync(name, number, cancellationToken) : await client.FindLatestAsync(name, cancellationToken);
        return found is null ? null : (found.Version, AvroSchemaText.Parse(found.Schema, await client.ResolveAsync(found.References, cancellationToken)));
    }

    private async Task<IReadOnlyList<Finding>> CheckMissingAsync(List<SubjectSchema> missing, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var subject = missing[0].Subject;
        var level = await client.ReadLevelAsync(SubjectNames.OfValues(subject), cancellationToken);
        var earlier = await ReadEarlierAsync(subject, CompatibilityLevels.IsTransitive(level), cancellationToken);
        foreach (var schema in missing)
        {
            findings.AddRange(CompatibilityLevels.Check(level, schema.Type, [.. earlier.Select(version => version.Type)])
                .Select(fault => CompatibilityFinding.Of(fault, PlaceOf(schema), earlier[fault.Earlier].Name)));
            earlier.Add(new($"version {schema.Version}", schema.Type));
        }

        return findings.Count > 0 ? findings : await AskAsync(missing[0], cancellationToken);
    }

    /// <summary>The registry has the last word: it may know rules of its own.</summary>
    private async Task<IReadOnlyList<Finding>> AskAsync(SubjectSchema schema, CancellationToken cancellationToken)
    {
        var answer = await client.TestAsync(SubjectNames.OfValues(schema.Subject), null, new(schema.Json), cancellationToken);
        if (answer.IsCompatible)
            return [];
        IEnumerable<string> said = answer.Messages is { Count: > 0 } messages ? messages : ["it gives no reason."];
        return [.. said.Select(message => new Finding(
            Codes.SchemaIncompatible, Severity.Error, PlaceOf(schema), $"the registry {client.Address} would refuse this version: {message}", "Change the schema so that it fits the earlier versions."))];
    }

    private async Task<List<Earlier>> ReadEarlierAsync(string subject, bool all, CancellationToken cancellationToken)
    {
        var numbers = await client.ReadVersionsAsync(SubjectNames.OfValues(subject), deleted: false, cancellationToken);
        var versions = new List<Earlier>();
        foreach (var number in all ? numbers : numbers.TakeLast(1))
            if (await ReadAsync(subject, number, cancellationToken) is { Type: var type })
                versions.Add(new($"version {number} of the registry", type));
        return versions;
    }

    private static string PlaceOf(SubjectSchema schema) => $"{schema.Subject} {schema.Version}";
}
