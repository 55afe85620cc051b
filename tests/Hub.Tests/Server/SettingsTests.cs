using System.Collections;
using Hub.Core.Ops;
using Hub.Server.Hosting;
using Xunit;

namespace Hub.Tests.Server;

public sealed class SettingsTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_later_place_wins_over_an_earlier_one()
    {
        var file = Write("logPartitions: 2\nrefreshInterval: 300ms\nbatchBytes: 1MB\ndata: here\n");
        var environment = new Hashtable { ["HUB_LOG_PARTITIONS"] = "8", ["HUB_REFRESH_INTERVAL"] = "2s", ["HUB_FINANCE_CONNECTION"] = "Host=x" };
        var options = HubSettings.Read(file, ["logPartitions=16", "address=http://localhost:9000"], environment);
        Assert.Equal((16, TimeSpan.FromSeconds(2), 1024 * 1024), (options.LogPartitions, options.RefreshInterval, options.BatchBytes));
        Assert.Equal(folder.At("here"), options.DataFolder);
        Assert.Equal(9000, options.Address.Port);
    }

    [Fact]
    public void The_registry_is_named_in_the_file_or_the_environment_and_its_secrets_are_in_no_text()
    {
        var file = Write("registry.url: http://one:8081, https://me:secret@two/base\nregistry.register: false\n");
        var options = HubSettings.Read(file, [], new Hashtable { ["HUB_REGISTRY_USER"] = "you", ["HUB_REGISTRY_PASSWORD"] = "hidden" });
        Assert.Equal(["http://one:8081/", "https://two/base"], options.Registry.Addresses.Select(address => address.ToString()));
        Assert.Equal(("you", "hidden", false, true), (options.Registry.User, options.Registry.Password, options.Registry.Register, options.Registry.IsExternal));
        Assert.DoesNotContain("secret", options.ToString());
        Assert.DoesNotContain("hidden", options.ToString());
        var wrong = Assert.Throws<HubException>(() => HubSettings.Read(null, ["registry.url=mailto:me:secret@x"], new Hashtable()));
        Assert.DoesNotContain("secret", wrong.Message);
    }

    [Theory]
    [InlineData("registry.register: yes\n", Codes.SettingInvalid, ":1:1", "Write true or false.")]
    [InlineData("registry.url: registry\n", Codes.SettingInvalid, ":1:1", "Write it like http://registry:8081; several with commas between them.")]
    [InlineData("logPartition: 4\n", Codes.UnknownKey, ":1:1", "Did you mean 'logPartitions'?")]
    [InlineData("# note\naddress: http://0.0.0.0:80\n", Codes.SettingInvalid, ":2:1", "Use http://127.0.0.1:8320.")]
    [InlineData("address: here\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("address: http://127.0.0.1:8320/hub\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("address: https://127.0.0.1:8320\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("logPartitions: 0\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("refreshInterval: 5\n", Codes.SettingInvalid, ":1:1", "Write it like 200ms, 10s, 1m, 12h or 30d.")]
    [InlineData("refreshInterval: 5h\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("batchBytes: 1KB\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("data: [a, b]\n", Codes.YamlInvalid, ":1:7", null)]
    [InlineData("- data\n", Codes.YamlInvalid, ":1:1", null)]
    [InlineData("data: a\ndata: b\n", Codes.YamlInvalid, ":2:1", null)]
    [InlineData("data: 'open\n", Codes.YamlInvalid, ":", null)]
    public void A_mistake_in_the_file_is_refused_with_its_place(string yaml, string code, string place, string? suggestion)
    {
        var file = Write(yaml);
        var finding = Assert.Single(Assert.Throws<HubException>(() => HubSettings.Read(file, [], new Hashtable())).Findings);
        Assert.Equal(code, finding.Code);
        Assert.StartsWith(file + place, finding.Place);
        if (suggestion is not null)
            Assert.Equal(suggestion, finding.Suggestion);
    }

    [Fact]
    public void Kafka_takes_its_own_settings_properties_of_the_client_and_settings_of_topics()
    {
        var file = Write("log: kafka\nkafka.bootstrap: k1:9092,k2:9092\nkafka.prefix: xiaoqu.\nkafka.createTopics: false\nkafka.replication: 3\nkafka.topic.min.insync.replicas: 2\nkafka.security.protocol: SASL_SSL\n");
        var environment = new Hashtable { ["HUB_KAFKA_SASL_PASSWORD"] = "geheim", ["HUB_KAFKA_PREFIX"] = "huishan.", ["HUB_KAFKA_TOPIC_RETENTION_MS"] = "-1" };
        var options = HubSettings.Read(file, ["kafka.sasl.mechanism=SCRAM-SHA-512"], environment);
        Assert.Equal((LogKind.Kafka, "k1:9092,k2:9092", "huishan.", false, (short)3), (options.Log, options.Kafka.Bootstrap, options.Kafka.Prefix, options.Kafka.CreateTopics, options.Kafka.Replication));
        Assert.Equal(new Dictionary<string, string> { ["min.insync.replicas"] = "2", ["retention.ms"] = "-1" }.OrderBy(one => one.Key), options.Kafka.TopicSettings.OrderBy(one => one.Key));
        Assert.Equal(
            new Dictionary<string, string> { ["sasl.mechanism"] = "SCRAM-SHA-512", ["sasl.password"] = "geheim", ["security.protocol"] = "SASL_SSL" }.OrderBy(one => one.Key),
            options.Kafka.ClientSettings.OrderBy(one => one.Key));
    }

    [Theory]
    [InlineData(Codes.MissingSetting, "Add --set kafka.bootstrap=kafka1:9092,kafka2:9092.", "log=kafka")]
    [InlineData(Codes.SettingInvalid, "Write sqlite or kafka.", "log=kafak")]
    [InlineData(Codes.SettingInvalid, "Leave it out.", "log=kafka", "kafka.bootstrap=k:1", "kafka.group.id=mine")]
    [InlineData(Codes.SettingInvalid, "Write such a number.", "kafka.replication=none")]
    [InlineData(Codes.UnknownKey, "Did you mean 'kafka.bootstrap'?", "kafka.bootstraps=k:1")]
    [InlineData(Codes.SettingInvalid, "Write up to 100 letters, digits, dots, underscores and hyphens, such as district.", "kafka.prefix=区.")]
    [InlineData(Codes.SettingInvalid, "Write up to 100 letters, digits, dots, underscores and hyphens, such as district.", "kafka.prefix=a b/")]
    public void A_mistake_about_Kafka_is_refused_with_what_to_do(string code, string suggestion, params string[] set)
    {
        var finding = Assert.Single(Assert.Throws<HubException>(() => HubSettings.Read(Write(""), set, new Hashtable())).Findings);
        Assert.Equal((code, suggestion), (finding.Code, finding.Suggestion));
    }

    [Fact]
    public void A_variable_that_is_no_property_is_left_to_whoever_names_it()
    {
        var environment = new Hashtable { ["HUB_KAFKA_PASSWORD"] = "geheim", ["HUB_KAFKA_CREATETOPICS"] = "false" };
        var kafka = HubSettings.Read(Write(""), [], environment).Kafka;
        Assert.False(kafka.CreateTopics);
        Assert.Empty(kafka.ClientSettings);
    }

    [Fact]
    public void The_commented_sample_is_valid_and_holds_the_defaults()
    {
        var sample = Repository.At("ops", "config", "hub.yaml");
        var options = HubSettings.Read(sample, [], new Hashtable());
        var defaults = new HubOptions();
        Assert.Equal($"{sample}:7:1", options.DataPlace);
        Assert.Equal(
            defaults with { DataFolder = "", SchemasFolder = "", ConnectorsFolder = "" },
            options with { DataFolder = "", DataPlace = defaults.DataPlace, SchemasFolder = "", ConnectorsFolder = "" });
        Assert.All(HubSettings.Keys, key => Assert.Contains($"\n{key}: ", File.ReadAllText(sample)));
    }

    private string Write(string yaml) => folder.Write("hub.yaml", yaml);
}
