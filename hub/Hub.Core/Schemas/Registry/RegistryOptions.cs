using Hub.Core.Ops;

namespace Hub.Core.Schemas.Registry;

/// <summary>The schema registry outside of Hub, if there is one. Its secrets are in no text that this makes.</summary>
public sealed record RegistryOptions
{
    /// <summary>Base addresses with commas between them, tried in turn; empty: Hub is its own registry.</summary>
    public string Url { get; init; } = "";

    /// <summary>For basic authentication; empty: what the address holds before its <c>@</c>, if anything.</summary>
    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>Whether Hub registers its schemas at start; otherwise all of them must be there.</summary>
    public bool Register { get; init; } = true;

    public bool IsExternal => Url.Length > 0;

    /// <summary>The base addresses, without what they hold before their <c>@</c>.</summary>
    public IReadOnlyList<Uri> Addresses => [.. Parts(Url).Select(part => Bare(new Uri(part)))];

    /// <summary><c>user:password</c> of the settings or of the first address, or null.</summary>
    internal string? Credentials
        => User.Length > 0 ? $"{User}:{Password}"
            : Parts(Url).Select(part => new Uri(part).UserInfo).FirstOrDefault(info => info.Length > 0) is { } info ? Uri.UnescapeDataString(info) : null;

    /// <summary>What is wrong with the addresses, or null.</summary>
    public static Finding? CheckUrl(string url, string place)
    {
        foreach (var part in Parts(url))
            // The part itself is not shown: it may hold a password.
            if (!Uri.TryCreate(part, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Query.Length + address.Fragment.Length > 0)
                return new(Codes.SettingInvalid, Severity.Error, place, "this is not the address of a schema registry.", "Write it like http://registry:8081; several with commas between them.");
        return null;
    }

    public override string ToString() => $"{nameof(RegistryOptions)} {{ {string.Join(", ", Addresses)} }}";

    private static string[] Parts(string url) => url.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Uri Bare(Uri address) => new UriBuilder(address) { UserName = "", Password = "" }.Uri;
}
