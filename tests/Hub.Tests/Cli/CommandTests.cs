using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Hub.Cli;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Server;
using Hub.Tests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Hub.Tests.Cli;

public sealed class CommandTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Search_prints_titles_and_how_fresh_they_are()
    {
        var (exit, output, _) = await RunAsync("search", "工程款", "--subject", "finance.paymentDetail", "--filter", "fundTypeCode=11", "--size", "5");
        Assert.Equal(0, exit);
        Assert.Contains("支付工程款 <b>", output);
        Assert.Contains("payAmount -1234.50", output);
        Assert.Contains("1 record,", output);
        Assert.Contains("finance 2025-03-01T08:00:00Z", output);
        Assert.Equal("工程款", server.Index.LastQuery!.Text);
    }

    [Fact]
    public async Task An_explained_search_prints_why_each_hit_is_there()
    {
        var (exit, output, _) = await RunAsync("search", "工程款", "--subject", "finance.paymentDetail", "--filter", "fundTypeCode=11", "--explain");
        Assert.Equal(0, exit);
        Assert.Contains("    score 1.5: 工程 in title 1.5\n        1.5 = sum of:\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("工程款: must occur\nasked\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("must occur", (await RunAsync("search", "工程款")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_that_cannot_be_as_fresh_as_it_must_be_is_one_sentence_per_source_and_exit_code_1()
    {
        var (exit, output, error) = await RunAsync("search", "--min-freshness", "30s", "--wait", "0s");
        Assert.Equal((1, ""), (exit, output));
        Assert.Contains("error filing: HUB5020 the source 'filing' is not complete yet", error, StringComparison.Ordinal);
        (exit, _, error) = await RunAsync("search", "--wait-for", "gestern");
        Assert.Equal((1, "error waitFor: HUB5008 This is not a receipt, or not all of it. Take one from GET /api/v1/receipt, whole and unchanged."), (exit, error.Trim()));
    }

    [Theory]
    [InlineData("reindex", "finance.paymentDetail")]
    [InlineData("reindex", "--status")]
    public async Task An_index_that_is_not_in_Elasticsearch_is_told_where_it_should_be_built_anew(params string[] arguments)
    {
        var (exit, _, error) = await RunAsync(arguments);
        Assert.Equal(2, exit);
        Assert.Contains("the index of this Hub is not in Elasticsearch", error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Json_output_is_the_answer_of_the_API()
    {
        var (exit, output, error) = await RunAsync("search", "--json", "--size", "0");
        Assert.Equal((0, ""), (exit, error));
        Assert.True(JsonDocument.Parse(output).RootElement.TryGetProperty("hits", out _));
        (exit, output, _) = await RunAsync("status", "--json");
        Assert.Equal(0, exit);
        Assert.Equal(2, JsonDocument.Parse(output).RootElement.GetProperty("sources").GetArrayLength());
    }

    [Fact]
    public async Task A_refused_query_is_one_sentence_and_exit_code_1()
    {
        var (exit, output, error) = await RunAsync("search", "--filter", "fiscalYaer=2025");
        Assert.Equal((1, ""), (exit, output));
        Assert.Equal("error fiscalYaer: HUB5003 There is no parameter or field 'fiscalYaer'. Did you mean 'fiscalYear'?", error.Trim());
    }

    [Fact]
    public async Task Status_tells_state_progress_and_problem()
    {
        var (exit, output, _) = await RunAsync("status");
        Assert.Equal(0, exit);
        Assert.Contains("finance: snapshot since 1970-01-01T00:00:00Z, as of 2025-03-01T08:00:00Z, 500 records, 2 dead letters", output);
        Assert.Contains("public.pay_detail: 500 of about 1,000 rows, 250 rows/s, 00:00:02 left", output);
        Assert.Contains("index: 3 entries of the log not searchable yet", output);
        Assert.Contains("HUB3001 no connection. Look at the network. Next attempt 1970-01-01T00:00:09Z.", output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("search")]
    public async Task A_Hub_that_does_not_run_is_one_sentence_and_exit_code_3(string command)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        var (exit, output, error) = await RunAsync(command, "--set", $"address=http://127.0.0.1:{port}");
        Assert.Equal((3, ""), (exit, output));
        Assert.Single(error.Trim().Split('\n'));
        Assert.Contains("HUB4005 Hub cannot be reached: nothing listens there. Start it with 'hub run'", error);
    }

    [Theory]
    [InlineData("srch")]
    [InlineData("search", "--filter", "nothing")]
    [InlineData("search", "--size", "many")]
    [InlineData("status", "--set", "adress=http://127.0.0.1:1")]
    [InlineData("status", "--set", "address=http://0.0.0.0:1")]
    [InlineData("validate", "--config", "/there/is/no/hub.yaml")]
    [InlineData("validate", "--set", "schemas=/there/is/none")]
    [InlineData("run", "--set", "schemas=/there/is/none")]
    [InlineData("doctor", "--set", "schemas=/there/is/none")]
    [InlineData("run", "--set", "data=/proc/hub")]
    public async Task What_somebody_wrote_wrong_is_exit_code_2_and_no_stack_trace(params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(arguments);
        Assert.Equal(2, exit);
        Assert.Contains("HUB", output + error);
        Assert.DoesNotContain("   at ", output + error);

        (exit, output, _) = await RunAsync([.. arguments, "--json"]);
        Assert.Equal(2, exit);
        var finding = JsonDocument.Parse(output).RootElement.GetProperty("findings")[0];
        Assert.Equal(["code", "severity", "place", "message", "suggestion"], finding.EnumerateObject().Select(property => property.Name));
        Assert.Equal("error", finding.GetProperty("severity").GetString());
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_is_a_setting_with_its_place()
    {
        var (exit, _, error) = await RunAsync("run", "--set", "data=/proc/hub");
        Assert.Equal(2, exit);
        Assert.StartsWith("error --set data: HUB4001 data: Hub cannot keep its log and index in '/proc/hub': ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_and_doctor_say_that_all_is_well()
    {
        var (exit, output, _) = await RunAsync("validate", "--set", $"schemas={server.SchemasFolder}", "--set", $"connectors={server.SchemasFolder}");
        Assert.Equal((0, "All is well: 7 subjects, 1 code lists."), (exit, output.Trim()));
        (exit, output, _) = await RunAsync("doctor", "--json", "--set", $"schemas={server.SchemasFolder}", "--set", $"connectors={server.SchemasFolder}");
        Assert.Equal((0, """{"errors":0,"warnings":0,"findings":[]}"""), (exit, output.Trim()));
    }

    [Fact]
    public async Task A_secret_that_is_not_set_is_a_warning_for_validate_and_an_error_for_doctor()
    {
        var folder = Directory.CreateTempSubdirectory("hub-test-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "a.yaml"), """
            source: a
            kind: postgres
            connection: ${env:HUB_TEST_NOT_SET_ANYWHERE}
            publication: hub
            slot: hub_a
            tables: [{ table: public.a, subject: finance.agency, key: [id], fields: { name: name } }]
            """, TestContext.Current.CancellationToken);
        string[] settings = ["--set", $"schemas={server.SchemasFolder}", "--set", $"connectors={folder.FullName}"];
        var (exit, output, _) = await RunAsync(["validate", .. settings]);
        Assert.Equal(0, exit);
        Assert.Contains("a.yaml:3:13: HUB2008 the environment variable HUB_TEST_NOT_SET_ANYWHERE is not set.", output);
        Assert.EndsWith("0 errors, 1 warning.", output.Trim());
        (exit, _, _) = await RunAsync(["doctor", .. settings]);
        Assert.Equal(2, exit);
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("validate")]
    [InlineData("doctor")]
    [InlineData("status")]
    [InlineData("search")]
    public async Task Every_command_shows_an_example(string command)
    {
        var (exit, output, _) = await RunAsync(command, "--help");
        Assert.Equal(0, exit);
        Assert.Contains("Example:", output);
        Assert.Contains($"hub {command}", output);
        Assert.Contains("--json", output);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_exit_code_3()
    {
        using var stop = new CancellationTokenSource();
        var output = new StringWriter();
        var terminal = Terminal.Of(output, output, new Hashtable(), TimeProvider.System);
        await using var app = ServerOn(server.Address);
        var failure = await Assert.ThrowsAsync<HubException>(() => RunCommand.RunAsync(app, new() { Address = server.Address }, terminal, json: false, stop.Token));
        Assert.Equal((Codes.AddressInUse, 3), (failure.Findings[0].Code, ExitCodes.Of(failure.Findings)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_start_that_failed_is_told_once_by_the_command_and_not_as_a_stack_trace(bool json)
    {
        var output = new StringWriter();
        using var lines = new LogLines(Terminal.Of(output, output, new Hashtable(), TimeProvider.System), json);
        var host = lines.CreateLogger("Microsoft.Extensions.Hosting.Internal.Host");
        host.Log(LogLevel.Error, new EventId(11), "Hosting failed to start", new IOException("taken"), (text, _) => text);
        Assert.Empty(output.ToString());
        host.Log(LogLevel.Error, new EventId(9), "BackgroundService failed", new IOException("full"), (text, _) => text);
        Assert.Contains("BackgroundService failed", output.ToString());
    }

    [Fact]
    public async Task Run_stops_cleanly_when_it_is_told_to()
    {
        using var stop = new CancellationTokenSource();
        var terminal = Terminal.Of(TextWriter.Null, TextWriter.Null, new Hashtable(), TimeProvider.System);
        await using var app = ServerOn(new("http://127.0.0.1:0"));
        var running = RunCommand.RunAsync(app, new(), terminal, json: false, stop.Token);
        await stop.CancelAsync();
        await running;
    }

    private WebApplication ServerOn(Uri address)
        => Composition.Build(
            new() { Address = address },
            services => services.AddSingleton<ILog>(new FakeLog()).AddSingleton<IIndex>(new FakeIndex(server.Catalog)).AddSingleton(server.Catalog));

    private async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var environment = new Hashtable { ["HUB_ADDRESS"] = server.Address.ToString() };
        var exit = await HubCommands.InvokeAsync(arguments, Terminal.Of(output, error, environment, TimeProvider.System), TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }
}
