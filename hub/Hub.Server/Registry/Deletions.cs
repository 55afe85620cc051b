namespace Hub.Server.Registry;

/// <summary>Decides what a deletion takes away: first from sight, then, when asked again, for good.</summary>
internal static class Deletions
{
    /// <summary>The numbers of the versions that are deleted.</summary>
    public static int[] DeleteSubject(RegistryState state, RegistryWriter writer, string subject, bool permanent)
    {
        var versions = state.VersionsOf(subject, deleted: true);
        CheckExists(state, subject, versions);
        var live = versions.Where(version => !version.IsDeleted).ToList();
        if (permanent && live.Count > 0)
            throw RegistryFault.SubjectNotSoftDeleted(subject);
        if (!permanent && live.Count == 0)
            throw RegistryFault.SubjectSoftDeleted(subject);

        IReadOnlyList<StoredVersion> taken = permanent ? versions : live;
        foreach (var version in taken)
            Delete(state, writer, version, permanent);
        if (state.OwnLevelOf(subject) is not null)
            writer.Changes.Add(RegistryChange.SetLevel(subject, null));
        return [.. taken.Select(version => version.Version)];
    }

    public static int DeleteVersion(RegistryState state, RegistryWriter writer, string subject, string number, bool permanent)
    {
        var versions = state.VersionsOf(subject, deleted: true);
        var version = VersionNumber.Of(number).In(subject, versions);
        CheckExists(state, subject, versions);
        if (permanent && !version.IsDeleted)
            throw RegistryFault.VersionNotSoftDeleted(subject, version.Version);
        if (!permanent && version.IsDeleted)
            throw RegistryFault.VersionSoftDeleted(subject, version.Version);
        Delete(state, writer, version, permanent);
        return version.Version;
    }

    /// <summary>The ids of the schemas that use the version.</summary>
    public static int[] ReferencedBy(RegistryState state, StoredVersion version)
        => [.. Users(state, version).Select(user => user.Id).Distinct().Order()];

    private static void Delete(RegistryState state, RegistryWriter writer, StoredVersion version, bool permanent)
    {
        if (Users(state, version).Any(user => permanent || !user.IsDeleted))
            throw RegistryFault.ReferenceExists(version.Subject, version.Version);
        writer.Changes.Add(permanent ? RegistryChange.Remove(version) : RegistryChange.Put(version with { IsDeleted = true }));
    }

    private static IEnumerable<StoredVersion> Users(RegistryState state, StoredVersion version)
        => state.All.Where(user => user.References.Any(reference => reference.Subject == version.Subject && reference.Version == version.Version));

    private static void CheckExists(RegistryState state, string subject, IReadOnlyList<StoredVersion> versions)
    {
        if (versions.Count == 0)
            throw RegistryFault.SubjectNotFound(subject);
        if (state.IsOwn(subject))
            throw RegistryFault.NotPermitted($"Subject '{subject}' is kept in Hub's folder schemas/, whose versions are never deleted.");
    }
}
