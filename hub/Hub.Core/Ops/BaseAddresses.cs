namespace Hub.Core.Ops;

/// <summary>One or more base addresses of a server in one setting, with commas between them. What stands before an <c>@</c> is a login, and in no text that this makes.</summary>
public static class BaseAddresses
{
    /// <summary>The addresses without their logins.</summary>
    public static IReadOnlyList<Uri> Of(string setting) => [.. Parts(setting).Select(part => new UriBuilder(part) { UserName = "", Password = "" }.Uri)];

    /// <summary><c>user:password</c>: as given, or else what the first address that has a login holds; null when there is none.</summary>
    public static string? CredentialsOf(string setting, string user, string password)
        => user.Length > 0 ? $"{user}:{password}"
            : Parts(setting).Select(part => new Uri(part).UserInfo).FirstOrDefault(info => info.Length > 0) is { } info ? Uri.UnescapeDataString(info) : null;

    /// <summary>What is wrong with the setting, or null.</summary>
    /// <param name="server">What should be there, such as <c>a schema registry</c>.</param>
    public static Finding? Check(string setting, string place, string server, string example)
    {
        foreach (var part in Parts(setting))
            // The part itself is not shown: it may hold a password.
            if (!Uri.TryCreate(part, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Query.Length + address.Fragment.Length > 0)
                return new(Codes.SettingInvalid, Severity.Error, place, $"this is not the address of {server}.", $"Write it like {example}; several with commas between them.");
        return null;
    }

    private static string[] Parts(string setting) => setting.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
