using System.Security.Cryptography.X509Certificates;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>What a client must bring to be let in.</summary>
public sealed record BrokerSecurity
{
    /// <summary>The broker's own, with its key: TLS is spoken.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The client must show a certificate that this one has signed.</summary>
    public X509Certificate2? ClientAuthority { get; init; }

    /// <summary>The client must log in by SASL/PLAIN.</summary>
    public (string User, string Password)? Login { get; init; }
}
