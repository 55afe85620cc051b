using System.Collections.Immutable;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;

namespace Hub.Server.Registry;

/// <summary>Everything that the registry knows at one moment. A change makes another state, so that whoever reads needs no lock.</summary>
internal sealed record RegistryState
{
    public const CompatibilityLevel DefaultLevel = CompatibilityLevel.Backward;

    /// <summary>Clients' schemas get their ids from here on; smaller ones are for <c>hub.id</c>.</summary>
    public const int FirstClientId = SchemaFolder.MaxId + 1;

    /// <summary>The general level is the one of no subject.</summary>
    private const string General = "";

    public static readonly RegistryState Empty = new();

    private ImmutableSortedDictionary<string, ImmutableSortedDictionary<int, StoredVersion>> Subjects { get; init; }
        = ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<int, StoredVersion>>(StringComparer.Ordinal);

    private ImmutableDictionary<int, ImmutableList<StoredVersion>> ById { get; init; } = ImmutableDictionary<int, ImmutableList<StoredVersion>>.Empty;

    private ImmutableDictionary<string, int> IdOf { get; init; } = ImmutableDictionary.Create<string, int>(StringComparer.Ordinal);

    private ImmutableDictionary<string, CompatibilityLevel> Levels { get; init; } = ImmutableDictionary.Create<string, CompatibilityLevel>(StringComparer.Ordinal);

    /// <summary>All versions, deleted ones too.</summary>
    public IEnumerable<StoredVersion> All => Subjects.Values.SelectMany(versions => versions.Values);

    public int LastId => ById.Keys.DefaultIfEmpty().Max();

    /// <summary>The versions of a subject, in order; none when there is no such subject.</summary>
    public IReadOnlyList<StoredVersion> VersionsOf(string subject, bool deleted)
        => Subjects.TryGetValue(subject, out var versions) ? [.. versions.Values.Where(version => deleted || !version.IsDeleted)] : [];

    /// <summary>The versions that are this schema, deleted ones too.</summary>
    public IReadOnlyList<StoredVersion> VersionsOf(int id) => ById.GetValueOrDefault(id) ?? [];

    /// <summary>The id of the schema, whatever subject it is under, or null.</summary>
    public int? IdOfSchema(string identity) => IdOf.TryGetValue(identity, out var id) ? id : null;

    /// <summary>Whether the subject comes from the <c>schemas/</c> folder.</summary>
    public bool IsOwn(string subject) => Subjects.TryGetValue(subject, out var versions) && versions.Values.First().IsOwn;

    /// <summary>The level that was set for the subject, or null.</summary>
    public CompatibilityLevel? OwnLevelOf(string subject) => Levels.TryGetValue(subject, out var level) ? level : null;

    public CompatibilityLevel GeneralLevel => OwnLevelOf(General) ?? DefaultLevel;

    public CompatibilityLevel LevelOf(string subject) => OwnLevelOf(subject) ?? GeneralLevel;

    /// <summary>The version, which takes the place of what stood there. What clients had under a subject that <c>schemas/</c> has now is found by its id only.</summary>
    public RegistryState With(StoredVersion version)
    {
        var cleared = Without(version.Subject, version.Version);
        var versions = cleared.Subjects.GetValueOrDefault(version.Subject) ?? ImmutableSortedDictionary<int, StoredVersion>.Empty;
        var hidden = !version.IsOwn && cleared.IsOwn(version.Subject);
        return cleared with
        {
            Subjects = hidden ? cleared.Subjects : cleared.Subjects.SetItem(version.Subject, versions.SetItem(version.Version, version)),
            ById = cleared.ById.SetItem(version.Id, (cleared.ById.GetValueOrDefault(version.Id) ?? []).Add(version)),
            IdOf = cleared.IdOf.ContainsKey(version.Identity) ? cleared.IdOf : cleared.IdOf.SetItem(version.Identity, version.Id),
        };
    }

    public RegistryState Without(string subject, int number)
    {
        if (FindClients(subject, number) is not { } held)
            return this;
        var others = ById[held.Id].Remove(held);
        var versions = Subjects.GetValueOrDefault(subject)?.Remove(number);
        return this with
        {
            Subjects = IsOwn(subject) || versions is null ? Subjects : versions.IsEmpty ? Subjects.Remove(subject) : Subjects.SetItem(subject, versions),
            ById = others.IsEmpty ? ById.Remove(held.Id) : ById.SetItem(held.Id, others),
            IdOf = others.IsEmpty && IdOf.GetValueOrDefault(held.Identity) == held.Id ? IdOf.Remove(held.Identity) : IdOf,
        };
    }

    /// <summary>The version that a client registered; under a subject of <c>schemas/</c> it stands beside what is shown.</summary>
    private StoredVersion? FindClients(string subject, int number)
        => IsOwn(subject)
            ? ById.Values.SelectMany(list => list).FirstOrDefault(version => version.Subject == subject && version.Version == number && !version.IsOwn)
            : Subjects.GetValueOrDefault(subject)?.GetValueOrDefault(number);

    /// <param name="subject">Null: the general level.</param>
    /// <param name="level">Null takes the level back.</param>
    public RegistryState WithLevel(string? subject, CompatibilityLevel? level)
        => this with { Levels = level is { } set ? Levels.SetItem(subject ?? General, set) : Levels.Remove(subject ?? General) };
}
