using System.Security.Cryptography.X509Certificates;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>How Hub comes in where Kafka asks for TLS or a login, and what is said when it does not.</summary>
public sealed class KafkaLogSecurityTests : IDisposable
{
    private const string Password = "s3cret-of-the-district";
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private readonly Certificates certificates = new();
    private readonly ScratchFolder folder = new();
    private readonly WrittenLines lines = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private BrokerSecurity Tls => new() { Certificate = certificates.Issue("kafka") };

    private string Authority => certificates.Authority.ExportCertificatePem();

    public void Dispose()
    {
        certificates.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task An_authority_in_a_file_or_in_the_setting_makes_a_broker_trusted()
    {
        File.WriteAllText(folder.At("ca.pem"), Authority);
        await using var broker = new TransactionalBroker(security: Tls);
        await WorksAsync(broker, ("security.protocol", "SSL"), ("ssl.ca.location", folder.At("ca.pem")));
        await WorksAsync(broker, ("security.protocol", "SSL"), ("ssl.ca.pem", Authority));
    }

    [Fact]
    public async Task A_broker_that_is_not_trusted_is_told_with_the_settings_to_look_at()
    {
        await using var broker = new TransactionalBroker(security: Tls);
        var finding = await RefusedAsync(broker, ("security.protocol", "SSL"));
        Assert.Contains("certificate verify failed", finding.Message);
        Assert.Contains("kafka.ssl.ca.location", finding.Suggestion);
    }

    [Fact]
    public async Task A_client_with_a_certificate_comes_in_where_one_is_asked_for_and_no_other()
    {
        using var strangers = new Certificates();
        await using var broker = new TransactionalBroker(security: Tls with { ClientAuthority = certificates.Authority });
        var (mine, theirs) = (certificates.Issue("hub"), strangers.Issue("hub"));
        await WorksAsync(broker, ("security.protocol", "SSL"), ("ssl.ca.pem", Authority), ("ssl.certificate.pem", mine.ExportCertificatePem()), ("ssl.key.pem", Certificates.KeyOf(mine)));
        Assert.Contains("kafka.ssl.certificate", (await RefusedAsync(broker, ("security.protocol", "SSL"), ("ssl.ca.pem", Authority))).Suggestion);
        Assert.Contains("kafka.ssl.certificate", (await RefusedAsync(
            broker, ("security.protocol", "SSL"), ("ssl.ca.pem", Authority), ("ssl.certificate.pem", theirs.ExportCertificatePem()), ("ssl.key.pem", Certificates.KeyOf(theirs)))).Suggestion);
    }

    [Fact]
    public async Task TLS_on_a_port_without_it_is_told()
    {
        await using var broker = new TransactionalBroker();
        Assert.Contains("kafka.security.protocol", (await RefusedAsync(broker, ("security.protocol", "SSL"))).Suggestion);
    }

    [Fact]
    public async Task A_port_with_TLS_that_is_used_without_it_is_told()
    {
        await using var broker = new TransactionalBroker(security: Tls);
        Assert.Contains("kafka.security.protocol", (await RefusedAsync(broker)).Suggestion);
    }

    [Theory]
    [InlineData("SASL_PLAINTEXT")]
    [InlineData("SASL_SSL")]
    public async Task A_user_with_the_right_password_comes_in_and_no_other(string protocol)
    {
        await using var broker = new TransactionalBroker(security: (protocol == "SASL_SSL" ? Tls : new()) with { Login = ("hub", Password) });
        (string, string)[] common = [("security.protocol", protocol), ("sasl.mechanism", "PLAIN"), ("sasl.username", "hub"), .. protocol == "SASL_SSL" ? [("ssl.ca.pem", Authority)] : Array.Empty<(string, string)>()];
        await WorksAsync(broker, [.. common, ("sasl.password", Password)]);
        var finding = await RefusedAsync(broker, [.. common, ("sasl.password", $"not-{Password}")]);
        Assert.Contains("Invalid username or password", finding.Message);
        Assert.Contains("kafka.sasl.password", finding.Suggestion);
    }

    [Fact]
    public async Task A_mechanism_that_the_broker_does_not_have_is_told()
    {
        await using var broker = new TransactionalBroker(security: new() { Login = ("hub", Password) });
        var finding = await RefusedAsync(broker, ("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "SCRAM-SHA-256"), ("sasl.username", "hub"), ("sasl.password", Password));
        Assert.Contains("kafka.sasl.mechanism", finding.Suggestion);
    }

    [Fact]
    public async Task A_broker_that_asks_for_a_login_is_told_to_whoever_brings_none()
    {
        await using var broker = new TransactionalBroker(security: new() { Login = ("hub", Password) });
        Assert.Contains("kafka.security.protocol", (await RefusedAsync(broker)).Suggestion);
    }

    [Fact]
    public async Task A_password_that_is_not_right_any_more_ends_what_waits_for_the_log()
    {
        await using var broker = new TransactionalBroker(security: new() { Login = ("hub", Password) });
        await using var log = new KafkaLog(OptionsOf(
            broker.Bootstrap, [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "hub"), ("sasl.password", Password)]) with { Timeout = Short });
        await log.EnsureTopicAsync("finance.payment", 1, Token);
        await log.AppendAsync(new(), new("finance", new("at 1")), Token);
        await using var reader = await log.OpenReaderAsync("index", ["finance.payment"], new Dictionary<TopicPartition, long> { [new("finance.payment", 0)] = 0 }, Token);
        await broker.DownAsync();
        broker.Security = new() { Login = ("hub", "another") };
        broker.Up();
        foreach (var waiting in new Func<Task>[]
        {
            () => log.AppendAsync(new(), new("finance", new("at 2")), Token).AsTask(), () => log.ReadCheckpointAsync("finance", Token).AsTask(),
            () => reader.ReadAsync(new(), 1_000, Timeout.InfiniteTimeSpan, Token).AsTask(),
        })
        {
            var failure = await Assert.ThrowsAsync<HubException>(() => waiting().WaitAsync(HangLimit, Token));
            Assert.Equal((Codes.KafkaRefused, false), (failure.Findings[0].Code, failure.IsTransient));
        }
    }

    [Fact]
    public void A_file_of_certificates_that_is_not_there_is_told_before_anything_is_connected()
    {
        var failure = Assert.Throws<HubException>(() => Open("127.0.0.1:1", ("security.protocol", "SSL"), ("ssl.ca.location", folder.At("none.pem"))));
        Assert.Equal(Codes.SettingInvalid, failure.Findings[0].Code);
        Assert.Contains("ssl.ca.location", failure.Findings[0].Message);
    }

    private async Task WorksAsync(TransactionalBroker broker, params (string, string)[] settings)
    {
        await using var log = Open(broker.Bootstrap, settings);
        await log.EnsureTopicAsync("finance.payment", 1, Token);
        await using var lease = await log.AcquireAsync("finance", Token);
        await log.AppendAsync(new(), new("finance", new("at 1")), Token);
        Assert.Equal("at 1", (await log.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
        Assert.Empty(await DoctorAsync(broker, settings));
    }

    /// <summary>The log and the doctor say the same, and neither gives a secret away.</summary>
    private async Task<Finding> RefusedAsync(TransactionalBroker broker, params (string, string)[] settings)
    {
        await using var log = new KafkaLog(OptionsOf(broker.Bootstrap, settings) with { Logger = lines, Timeout = Short });
        var failure = await Assert.ThrowsAsync<HubException>(() => log.EnsureTopicAsync("finance.payment", 1, Token).AsTask().WaitAsync(HangLimit, Token));
        var finding = Assert.Single(await DoctorAsync(broker, settings));
        Assert.Equal((failure.Findings[0].Code, failure.Findings[0].Suggestion), (finding.Code, finding.Suggestion));
        Assert.DoesNotContain(lines.All.Append($"{failure}{finding}"), text => text.Contains(Password, StringComparison.Ordinal));
        return finding;
    }

    private static async Task<List<Finding>> DoctorAsync(TransactionalBroker broker, (string, string)[] settings)
        => [.. (await KafkaDoctor.ExamineAsync(OptionsOf(broker.Bootstrap, settings), new Dictionary<string, int>(), Token)).Where(finding => finding.Severity != Severity.Information)];

    private KafkaLog Open(string bootstrap, params (string, string)[] settings) => new(OptionsOf(bootstrap, settings) with { Logger = lines });

    private static KafkaLogOptions OptionsOf(string bootstrap, (string Key, string Value)[] settings)
        => new() { Bootstrap = bootstrap, ClientSettings = settings.ToDictionary(one => one.Key, one => one.Value) };
}
