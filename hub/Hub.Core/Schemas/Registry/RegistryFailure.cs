using System.Net;
using System.Net.Sockets;
using Hub.Core.Ops;

namespace Hub.Core.Schemas.Registry;

/// <summary>What can go wrong with a registry, as findings: what may pass by itself, and what somebody must mend.</summary>
internal static class RegistryFailure
{
    public static HubException Of(HttpStatusCode status, RegistryError? error, Uri address)
    {
        var said = error is null ? $"it answers {(int)status}." : $"it answers {error.ErrorCode}: {error.Message}";
        return status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Lasting(
                Codes.RegistryLoginRefused, address, $"the schema registry refuses this user: {said}", "Check registry.user and registry.password, and what the user may do there."),
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => Unreachable(address, said, null),
            HttpStatusCode.Conflict when error is not null => Lasting(
                Codes.SchemaIncompatible, address, $"the schema registry refuses a schema: {error.Message}", "Change the schema so that it fits the earlier versions."),
            _ when error is null => Garbled(address, null),
            _ => Lasting(Codes.RegistryRefused, address, $"the schema registry refuses: {said}", "Look up the number in the registry's API reference."),
        };
    }

    public static HubException Unreachable(Uri address, string why, Exception? cause)
        => new(
            new Finding(
                Codes.RegistryUnreachable, Severity.Error, address.ToString(), $"the schema registry cannot be used: {why}",
                "Is it running, is registry.url right, and does a firewall stand in between?"),
            cause)
        { IsTransient = true };

    public static HubException Garbled(Uri address, Exception? cause)
        => new(
            new Finding(
                Codes.RegistryGarbled, Severity.Error, address.ToString(), "something other than a schema registry answers there.",
                "Check registry.url; the address is the one that '/subjects' is added to."),
            cause);

    public static string Reason(HttpRequestException failure)
        => failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "nothing listens there." : failure.Message;

    private static HubException Lasting(string code, Uri address, string message, string suggestion)
        => new(new Finding(code, Severity.Error, address.ToString(), message, suggestion));
}
