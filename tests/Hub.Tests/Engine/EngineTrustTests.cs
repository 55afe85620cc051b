using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hub.Core.Ops;
using Hub.Index.Elasticsearch;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.Engine;

/// <summary>TLS to a node whose certificate an authority of the test has signed.</summary>
public sealed class EngineTrustTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-tls-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task The_authority_that_is_given_is_trusted()
    {
        using var authority = Authority("Hub Test");
        Assert.Null(await AskAsync(Sign(authority), Write(authority)));
    }

    [Fact]
    public async Task One_of_several_authorities_in_the_file_is_enough()
    {
        using var authority = Authority("Hub Test");
        using var other = Authority("Other");
        Assert.Null(await AskAsync(Sign(authority), Write(other, authority)));
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_naming_the_setting()
    {
        using var authority = Authority("Hub Test");
        // Of the same name: only the key tells them apart.
        using var other = Authority("Hub Test");
        AssertRefused(await AskAsync(Sign(other), Write(authority)), "is not signed by the authority given");
    }

    [Fact]
    public async Task A_certificate_that_this_machine_does_not_trust_is_refused_naming_the_setting()
    {
        using var authority = Authority("Hub Test");
        AssertRefused(await AskAsync(Sign(authority), ""), "is not trusted by this machine");
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_with_the_names_that_it_is_for()
    {
        using var authority = Authority("Hub Test");
        AssertRefused(await AskAsync(Sign(authority, host: "search1.example"), Write(authority)), "for another name: search1.example");
    }

    [Fact]
    public async Task A_certificate_that_has_run_out_is_refused()
    {
        using var authority = Authority("Hub Test");
        AssertRefused(await AskAsync(Sign(authority, until: TimeProvider.System.GetUtcNow().AddHours(-1)), Write(authority)), "NotTimeValid");
    }

    [Fact]
    public void A_certificate_for_clients_does_not_stand_for_a_server()
    {
        using var authority = Authority("Hub Test");
        var trust = new EngineTrust([authority]);
        using var server = Sign(authority);
        using var client = Sign(authority, purpose: "1.3.6.1.5.5.7.3.2");
        Assert.True(trust.Accept(this, server, null, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.Contains("NotValidForUsage", Assert.Throws<CertificateRefusedException>(() => trust.Accept(this, client, null, SslPolicyErrors.RemoteCertificateChainErrors)).Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no certificate\n")]
    public async Task A_file_without_a_certificate_is_told_before_anything_is_sent(string? text)
    {
        var file = Path.Combine(folder.FullName, "ca.pem");
        if (text is not null)
            await File.WriteAllTextAsync(file, text, Cancel);
        var finding = Assert.Throws<HubException>(() => new EngineClient(new() { Url = "https://127.0.0.1:1", CaFile = file })).Findings[0];
        Assert.Equal(Codes.SettingInvalid, finding.Code);
        Assert.Contains("elasticsearch.caFile", finding.Message);
    }

    [Fact]
    public async Task An_engine_without_TLS_behind_an_https_address_is_told_without_blaming_the_authority()
    {
        await using var engine = await ScriptedEngine.StartAsync();
        var finding = await AskAsync(new UriBuilder(engine.Address) { Scheme = "https" }.Uri, "");
        Assert.Equal(Codes.EngineUnreachable, finding!.Code);
        Assert.Contains("elasticsearch.url", finding.Suggestion);
        Assert.DoesNotContain("caFile", finding.Suggestion);
    }

    private static void AssertRefused(Finding? finding, string reason)
    {
        Assert.NotNull(finding);
        Assert.Equal(Codes.EngineUnreachable, finding.Code);
        Assert.Contains(reason, finding.Message);
        Assert.Contains("elasticsearch.caFile", finding.Suggestion);
    }

    private static async Task<Finding?> AskAsync(X509Certificate2 certificate, string file)
    {
        await using var engine = await ScriptedEngine.StartAsync(certificate: certificate);
        return await AskAsync(engine.Address, file);
    }

    private static async Task<Finding?> AskAsync(Uri address, string file)
    {
        using var client = new EngineClient(new() { Url = address.ToString(), CaFile = file });
        try
        {
            return (await client.SendAsync(HttpMethod.Get, "", null, Cancel)).IsSuccess ? null : new("", Severity.Error, "", "");
        }
        catch (HubException failure)
        {
            Assert.True(failure.IsTransient);
            return failure.Findings[0];
        }
    }

    private string Write(params X509Certificate2[] authorities)
    {
        var file = Path.Combine(folder.FullName, "ca.pem");
        File.WriteAllText(file, string.Join("\n", authorities.Select(authority => authority.ExportCertificatePem())));
        return file;
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-10), now.AddDays(10));
    }

    /// <param name="host">Null: the address of this machine.</param>
    private static X509Certificate2 Sign(X509Certificate2 authority, string? host = null, DateTimeOffset? until = null, string purpose = "1.3.6.1.5.5.7.3.1")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (host is null)
            names.AddIpAddress(IPAddress.Loopback);
        else
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(purpose)], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(authority, now.AddDays(-9), until ?? now.AddDays(9), RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }
}
