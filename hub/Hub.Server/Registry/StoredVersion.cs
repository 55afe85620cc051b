using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>One version of a subject, as Hub's registry holds it.</summary>
/// <param name="Identity">The same for schemas that say the same; see <see cref="ParsedSchema"/>.</param>
/// <param name="IsDeleted">Deleted, but not for good: no longer listed, still found by its id.</param>
/// <param name="IsOwn">From the <c>schemas/</c> folder: there, not here, it is changed.</param>
internal sealed record StoredVersion(
    string Subject, int Version, int Id, string Schema, IReadOnlyList<SchemaReference> References, string Identity, bool IsDeleted, bool IsOwn)
{
    public RegisteredSchema ToAnswer() => new(Subject, Id, Version, Schema, null, ReferencesOrNull);

    public SchemaText ToText() => new(Schema, null, ReferencesOrNull);

    private IReadOnlyList<SchemaReference>? ReferencesOrNull => References.Count == 0 ? null : References;
}
