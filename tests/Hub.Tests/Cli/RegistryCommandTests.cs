using System.Collections;
using System.Net;
using System.Net.Sockets;
using Hub.Cli;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Log.Sqlite;
using Hub.Server;
using Hub.Server.Hosting;
using Hub.Server.Registry;
using Hub.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Hub.Tests.Cli;

/// <summary>Schemas of a folder and a registry that is another Hub's, over HTTP.</summary>
public sealed class RegistryCommandTests : IAsyncLifetime
{
    private const string Name = """{"name":"name","type":["null","string"],"default":null,"hub.search":"text","hub.title":true}""";
    private const string Note = """{"name":"note","type":["null","string"],"default":null}""";

    private readonly ScratchFolder folder = new();
    private SqliteLog log = null!;
    private RegistryServer registry = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Url => registry.Address.ToString();

    public async ValueTask InitializeAsync()
    {
        log = new(new() { Path = folder.At("log.db") });
        registry = await RegistryServer.StartAsync(log, Things.LoadCatalog(folder.At("other")));
        await registry.WaitUntilPrimaryAsync();
        Write(1, 5, Name);
        Write(2, 6, Name, Note);
    }

    public async ValueTask DisposeAsync()
    {
        await registry.DisposeAsync();
        await log.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Register_brings_every_version_there_in_order_and_shows_the_ids()
    {
        var (exit, output, _) = await RunAsync("schemas", "register", "--registry", Url);
        Assert.Equal(0, exit);
        Assert.Equal("test.bill 1: id 100001\ntest.bill 2: id 100002\nThe registry holds all 2 versions.", output.Trim().ReplaceLineEndings("\n"));
        Assert.Equal("[1,2]", (await registry.GetAsync("subjects/test.bill-value/versions")).Body);
        (exit, output, _) = await RunAsync("schemas", "register", "--json", "--registry", Url);
        Assert.Equal((0, """[{"subject":"test.bill","version":1,"id":100001},{"subject":"test.bill","version":2,"id":100002}]"""), (exit, output.Trim()));
    }

    [Fact]
    public async Task Check_names_field_rule_and_fix_of_what_the_registry_would_refuse()
    {
        await RunAsync("schemas", "register", "--registry", Url);
        await registry.SendAsync(HttpMethod.Put, "config/test.bill-value", new { compatibility = "FULL" });
        Write(3, 7, Name, Note, """{"name":"due","type":"string"}""");
        // What the folder agrees on with itself is another question than what the registry asks for.
        var (exit, output, _) = await RunAsync("schemas", "check", "--level", "NONE");
        Assert.Equal(0, exit);
        (exit, output, _) = await RunAsync("schemas", "check", "--level", "NONE", "--registry", Url);
        Assert.Equal(2, exit);
        Assert.Contains("error test.bill 3: HUB1004 cannot read version 2 of the registry: READER_FIELD_MISSING_DEFAULT_VALUE at /fields/2: Field 'due'", output);
        Assert.Contains("Give 'due' a default", output);
    }

    [Fact]
    public async Task Check_is_content_with_what_is_there_and_with_what_may_be_added()
    {
        Assert.Equal(0, (await RunAsync("schemas", "check", "--registry", Url)).Exit);
        await RunAsync("schemas", "register", "--registry", Url);
        Assert.Equal(0, (await RunAsync("schemas", "check", "--registry", Url)).Exit);
        // Without an address it is that of the settings.
        Assert.Equal(0, (await RunAsync("schemas", "check", "--registry", "--set", $"registry.url={Url}")).Exit);
    }

    [Fact]
    public async Task Diff_compares_with_the_version_of_the_registry()
    {
        var (exit, _, error) = await RunAsync("schemas", "diff", "test.bill", "--registry", Url);
        Assert.Equal(2, exit);
        Assert.Contains("holds no such version of test.bill-value", error);
        await RunAsync("schemas", "register", "--registry", Url);
        (exit, var output, _) = await RunAsync("schemas", "diff", "test.bill", "1", "--registry", Url);
        Assert.Equal(0, exit);
        Assert.Contains("test.bill: version 1 → 2", output);
        Assert.Contains("note", output);
        Assert.Contains("Nothing differs.", (await RunAsync("schemas", "diff", "test.bill", "--registry", Url)).Output);
    }

    [Theory]
    [InlineData("register")]
    [InlineData("check")]
    public async Task A_registry_that_is_not_there_is_exit_code_3_and_its_password_is_not_shown(string command)
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var (exit, output, error) = await RunAsync("schemas", command, "--registry", $"http://me:secret@127.0.0.1:{port}");
        Assert.Equal(3, exit);
        Assert.Contains($"http://127.0.0.1:{port}/: HUB4020 the schema registry cannot be used: nothing listens there.", output + error);
        Assert.DoesNotContain("secret", output + error);
        (exit, output, error) = await RunAsync("schemas", command, "--registry", "ftp://me:secret@x");
        Assert.Equal(2, exit);
        Assert.DoesNotContain("secret", output + error);
    }

    [Fact]
    public async Task A_Hub_with_a_registry_outside_writes_with_the_ids_that_it_gave()
    {
        var options = new HubOptions { SchemasFolder = folder.At("schemas"), Registry = new() { Url = Url, Register = false } };
        var missing = await Assert.ThrowsAsync<HubException>(() => Composition.LoadCatalogAsync(options, Cancel));
        Assert.Equal((Codes.SchemaNotRegistered, "test.bill 1"), (missing.Findings[0].Code, missing.Findings[0].Place));
        Assert.Equal(40401, (await registry.GetAsync("subjects/test.bill-value/versions")).ErrorCode);

        var catalog = await Composition.LoadCatalogAsync(options with { Registry = new() { Url = Url } }, Cancel);
        Assert.Equal((100002, 2, "test.bill"), (catalog.Find("test.bill")!.Id, catalog.Find("test.bill")!.Version, catalog.Find(100001)!.Subject));
        Assert.Null(catalog.Find(5));
        var again = await Composition.LoadCatalogAsync(options, Cancel);
        Assert.Equal(catalog.Versions.Select(schema => schema.Id), again.Versions.Select(schema => schema.Id));
    }

    [Fact]
    public async Task A_version_that_the_registry_refuses_is_named_with_field_and_fix()
    {
        await registry.SendAsync(HttpMethod.Put, "config/test.bill-value", new { compatibility = "FULL" });
        Write(1, 5, Name, """{"name":"due","type":"string"}""");
        var registration = new CatalogRegistration(registry.Client, register: true);
        var failure = await Assert.ThrowsAsync<HubException>(() => registration.RunAsync(SchemaFolder.Load(folder.At("schemas")), Cancel));
        var finding = Assert.Single(failure.Findings);
        Assert.Equal((Codes.SchemaIncompatible, "test.bill 2"), (finding.Code, finding.Place));
        Assert.StartsWith("cannot be read by version 1 of the registry: READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: Field 'due'", finding.Message);
        Assert.StartsWith("Keep 'due' in the schema", finding.Suggestion);
    }

    [Fact]
    public async Task Doctor_says_what_the_registry_lacks_or_would_refuse_and_registers_nothing()
    {
        string[] doctor = ["doctor", "--set", $"connectors={folder.At("none")}", "--set", $"registry.url={Url}"];
        Directory.CreateDirectory(folder.At("none"));
        Assert.Equal(0, (await RunAsync(doctor)).Exit);
        var (exit, output, _) = await RunAsync([.. doctor, "--set", "registry.register=false"]);
        Assert.Equal(2, exit);
        Assert.Contains("error test.bill 1: HUB1020", output);
        Assert.Contains("error test.bill 2: HUB1020", output);
        Assert.Equal(40401, (await registry.GetAsync("subjects/test.bill-value/versions")).ErrorCode);

        await registry.SendAsync(HttpMethod.Post, "subjects/test.bill-value/versions", RegistryCaller.Body("\"string\""));
        (exit, output, _) = await RunAsync(doctor);
        Assert.Equal(2, exit);
        Assert.Contains("error test.bill 1: HUB1004 cannot read version 1 of the registry: TYPE_MISMATCH", output);
    }

    [Fact]
    public async Task A_registry_that_fails_for_a_moment_does_not_keep_Hub_from_starting()
    {
        var answers = 0;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var flaky = builder.Build();
        flaky.Run(async context =>
        {
            context.Response.StatusCode = ++answers == 1 ? 503 : 200;
            await context.Response.WriteAsync("[\"s-value\"]", Cancel);
        });
        await flaky.StartAsync(Cancel);
        var options = new RegistryOptions { Url = flaky.Urls.First() };
        using (var hasty = new RegistrySession(options, patient: false))
            Assert.True((await Assert.ThrowsAsync<HubException>(() => hasty.Client.ReadSubjectsAsync(Cancel))).IsTransient);
        answers = 0;
        using var patient = new RegistrySession(options, patient: true);
        Assert.Equal(["s-value"], await patient.Client.ReadSubjectsAsync(Cancel));
        Assert.Equal(2, answers);
    }

    private void Write(int version, int id, params string[] fields)
        => folder.Write($"schemas/test/bill/{version}.avsc", $$"""{"type":"record","namespace":"test","name":"Bill","doc":"账单 bill","hub.id":{{id}},"fields":[{{string.Join(',', fields)}}]}""");

    private async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exit = await HubCommands.InvokeAsync(
            [.. arguments, "--set", $"schemas={folder.At("schemas")}"], Terminal.Of(output, error, new Hashtable(), TimeProvider.System), Cancel);
        return (exit, output.ToString(), error.ToString());
    }
}
