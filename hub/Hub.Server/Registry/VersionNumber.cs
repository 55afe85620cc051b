using System.Globalization;

namespace Hub.Server.Registry;

/// <summary>A version as it stands in an address: a number from 1, or "latest".</summary>
internal readonly record struct VersionNumber(int? Number)
{
    /// <exception cref="RegistryFault">It is neither.</exception>
    public static VersionNumber Of(string text)
        => string.Equals(text.Trim(), "latest", StringComparison.OrdinalIgnoreCase) || text.Trim() == "-1" ? new(null)
            : int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? new(number)
            : throw RegistryFault.InvalidVersion(text);

    /// <exception cref="RegistryFault">There is no such subject or version.</exception>
    public StoredVersion In(string subject, IReadOnlyList<StoredVersion> versions)
    {
        if (versions.Count == 0)
            throw RegistryFault.SubjectNotFound(subject);
        return Number is { } number
            ? versions.FirstOrDefault(version => version.Version == number) ?? throw RegistryFault.VersionNotFound(number)
            : versions[^1];
    }
}
