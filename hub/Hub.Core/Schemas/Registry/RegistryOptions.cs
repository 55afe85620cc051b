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
    public IReadOnlyList<Uri> Addresses => BaseAddresses.Of(Url);

    /// <summary><c>user:password</c> of the settings or of the first address, or null.</summary>
    internal string? Credentials => BaseAddresses.CredentialsOf(Url, User, Password);

    /// <summary>What is wrong with the addresses, or null.</summary>
    public static Finding? CheckUrl(string url, string place) => BaseAddresses.Check(url, place, "a schema registry", "http://registry:8081");

    public override string ToString() => $"{nameof(RegistryOptions)} {{ {string.Join(", ", Addresses)} }}";
}
