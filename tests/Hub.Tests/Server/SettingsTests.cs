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

    [Theory]
    [InlineData("logPartition: 4\n", Codes.UnknownKey, ":1:1", "Did you mean 'logPartitions'?")]
    [InlineData("# note\naddress: http://0.0.0.0:80\n", Codes.SettingInvalid, ":2:1", "Use http://127.0.0.1:8320.")]
    [InlineData("address: here\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("address: http://127.0.0.1:8320/hub\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("address: https://127.0.0.1:8320\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("logPartitions: 0\n", Codes.SettingInvalid, ":1:1", null)]
    [InlineData("refreshInterval: 5\n", Codes.SettingInvalid, ":1:1", "Write it like 200ms, 10s or 1m.")]
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
