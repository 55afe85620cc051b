using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Registry;

/// <summary>Compares a version of the <c>schemas/</c> folder with what a registry holds of its subject, and names field, rule and what to do.</summary>
public sealed class RegistryComparison(RegistryClient client)
{
    /// <summary>Everything that keeps the version out of the registry; empty when it is there already or may be added.</summary>
    public async Task<IReadOnlyList<Finding>> CheckAsync(SubjectSchema schema, CancellationToken cancellationToken)
    {
        var subject = SubjectNames.OfValues(schema.Subject);
        if (await client.LookUpAsync(subject, new(schema.Json), cancellationToken) is not null)
            return [];
        var level = await client.ReadLevelAsync(subject, cancellationToken);
        var earlier = await ReadVersionsAsync(subject, CompatibilityLevels.IsTransitive(level), cancellationToken);
        var faults = CompatibilityLevels.Check(level, schema.Type, [.. earlier.Select(version => version.Type)]);
        if (faults.Count > 0)
            return [.. faults.Select(fault => CompatibilityFinding.Of(fault, PlaceOf(schema), $"version {earlier[fault.Earlier].Version} of the registry"))];

        // The registry has the last word: it may know rules of its own.
        var answer = await client.TestAsync(subject, null, new(schema.Json), cancellationToken);
        return answer.IsCompatible ? [] : [.. (answer.Messages is { Count: > 0 } said ? said : ["it gives no reason."]).Select(message => new Finding(
            Codes.SchemaIncompatible, Severity.Error, PlaceOf(schema), $"{client.Address} would refuse this version: {message}", "Change the schema so that it fits the earlier versions."))];
    }

    /// <summary>The versions that count for a level, oldest first.</summary>
    private async Task<IReadOnlyList<(int Version, AvroType Type)>> ReadVersionsAsync(string subject, bool all, CancellationToken cancellationToken)
    {
        var numbers = await client.ReadVersionsAsync(subject, deleted: false, cancellationToken);
        var versions = new List<(int, AvroType)>();
        foreach (var number in all ? numbers : numbers.TakeLast(1))
            if (await client.FindAsync(subject, number, cancellationToken) is { } found)
                versions.Add((number, AvroSchemaText.Parse(found.Schema, await client.ResolveAsync(found.References, cancellationToken))));
        return versions;
    }

    private static string PlaceOf(SubjectSchema schema) => $"{schema.Subject} {schema.Version}";
}
