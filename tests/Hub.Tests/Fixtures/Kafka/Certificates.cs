using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>An authority of the test's own, and certificates that it signs.</summary>
internal sealed class Certificates : IDisposable
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly List<X509Certificate2> issued = [];

    public Certificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Authority = request.CreateSelfSigned(From, To);
    }

    public X509Certificate2 Authority { get; }

    /// <summary>A certificate with its key, for 127.0.0.1 and for the name.</summary>
    public X509Certificate2 Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(Authority, From, To, Guid.NewGuid().ToByteArray());
        var certificate = bare.CopyWithPrivateKey(key);
        issued.Add(certificate);
        return certificate;
    }

    public static string KeyOf(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose()
    {
        Authority.Dispose();
        issued.ForEach(certificate => certificate.Dispose());
    }
}
