using System.Text.Json;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>What a client asks when it registers: the version and id to be, unless the schema is there already.</summary>
/// <param name="Id">Not 0 only where ids are brought along, which this registry does not take.</param>
/// <param name="Version">0 or -1: the next one.</param>
internal sealed record RegistrationText(
    string Schema, string? SchemaType = null, IReadOnlyList<SchemaReference>? References = null, int Id = 0, int Version = 0,
    JsonElement? Metadata = null, JsonElement? RuleSet = null)
{
    public SchemaText ToText() => new(Schema, SchemaType, References);
}

/// <summary>Decides what becomes of a schema under a subject.</summary>
internal static class Registrations
{
    private static readonly string[] Reserved = ["__GLOBAL", "__EMPTY"];

    /// <summary>The id of the schema under the subject; a new version when it is not there yet.</summary>
    public static int Register(RegistryState state, RegistryWriter writer, string subject, RegistrationText given, bool normalize)
    {
        CheckSubject(subject);
        CheckRequest(given);
        var parsed = ParsedSchema.Of(given.ToText(), state, normalize);
        if (Find(state, subject, parsed, deleted: false) is { } there)
            return there.Id;
        if (state.IsOwn(subject))
            throw RegistryFault.NotPermitted($"Subject '{subject}' is kept in Hub's folder schemas/; add a version there.");

        parsed.CheckDefaults();
        var details = Check(state, subject, parsed, state.VersionsOf(subject, deleted: false));
        if (details.Count > 0)
            throw RegistryFault.Incompatible(subject, details);

        var number = state.VersionsOf(subject, deleted: true).Select(version => version.Version).DefaultIfEmpty().Max() + 1;
        if (given.Version > 0 && given.Version != number)
            throw RegistryFault.InvalidSchema($"the next version of '{subject}' is {number}, not {given.Version}.");
        var id = state.IdOfSchema(parsed.Identity) ?? writer.NextId();
        writer.Changes.Add(RegistryChange.Put(new(subject, number, id, parsed.Text, parsed.References, parsed.Identity, IsDeleted: false, IsOwn: false)));
        return id;
    }

    /// <summary>The version of the subject that is this schema, or null.</summary>
    public static StoredVersion? Find(RegistryState state, string subject, ParsedSchema schema, bool deleted)
        => state.VersionsOf(subject, deleted).LastOrDefault(version => version.Identity == schema.Identity);

    /// <summary>What keeps the schema from its place behind the given versions, oldest first, by the subject's level.</summary>
    public static IReadOnlyList<string> Check(RegistryState state, string subject, ParsedSchema schema, IReadOnlyList<StoredVersion> earlier)
    {
        var level = state.LevelOf(subject);
        if (level == CompatibilityLevel.None)
            return [];
        var counted = CompatibilityLevels.IsTransitive(level) ? earlier : [.. earlier.TakeLast(1)];
        var faults = CompatibilityLevels.Check(level, schema.Type, [.. counted.Select(version => ParsedSchema.Of(version, state).Type)]);
        return [.. faults.Select(fault =>
            $"{{errorType:'{fault.Fault.RegistryName}', description:'{fault.Fault.Rule} {fault.Fault.Fix}', additionalInfo:'{fault.Fault.Detail}', "
            + $"path:'{fault.Fault.Path}', oldSchemaVersion:{counted[fault.Earlier].Version}, compatibility:'{CompatibilityLevels.NameOf(level)}'}}")];
    }

    private static void CheckSubject(string subject)
    {
        if (string.IsNullOrWhiteSpace(subject) || subject.Any(char.IsControl) || Reserved.Contains(subject) || SubjectContext.IsForeign(subject))
            throw RegistryFault.InvalidSubject(subject);
    }

    private static void CheckRequest(RegistrationText given)
    {
        if (given.Id > 0)
            throw RegistryFault.NotPermitted("This registry gives the ids itself; its mode is READWRITE, not IMPORT.");
        if (given.Metadata is { ValueKind: not JsonValueKind.Null } || given.RuleSet is { ValueKind: not JsonValueKind.Null })
            throw RegistryFault.InvalidSchema("this registry keeps neither metadata nor rules beside a schema.");
    }
}
