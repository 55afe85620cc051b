using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Hub.Index.Elasticsearch;

/// <summary>The certificate of a node is not trusted; the text says why.</summary>
internal sealed class CertificateRefusedException(string reason) : AuthenticationException(reason);

/// <summary>Judges the certificates of nodes, and says what is wrong with one.</summary>
/// <param name="authorities">Those that alone count, whatever else the machine trusts; null: those that the machine trusts.</param>
internal sealed class EngineTrust(X509Certificate2Collection? authorities)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <exception cref="CertificateRefusedException">It is not trusted.</exception>
    public bool Accept(object sender, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        var host = (sender as SslStream)?.TargetHostName;
        if (certificate is not X509Certificate2 leaf)
            throw new CertificateRefusedException($"{host} shows no certificate.");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            throw new CertificateRefusedException($"the certificate that {host} shows is for another name: {NamesOf(leaf)}.");
        if (authorities is not null ? Explain(leaf, presented) is { } refusal : errors != SslPolicyErrors.None && (refusal = StatusOf(presented)) is not null)
            throw new CertificateRefusedException($"the certificate of {host}, issued by '{leaf.Issuer}', {(authorities is null ? "is not trusted by this machine" : "is not signed by the authority given")}: {refusal}.");
        return true;
    }

    /// <summary>The chain must end at one of the authorities given; null when it does.</summary>
    private string? Explain(X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(leaf) ? null : StatusOf(chain);
    }

    private static string StatusOf(X509Chain? chain) => string.Join(", ", (chain?.ChainStatus ?? []).Select(status => $"{status.Status}").Distinct());

    private static string NamesOf(X509Certificate2 leaf)
    {
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => $"{address}")));
        return string.Join(", ", names.DefaultIfEmpty(leaf.Subject));
    }
}
