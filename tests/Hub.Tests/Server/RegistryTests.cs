using System.Text;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Log.Sqlite;
using Hub.Server.Registry;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Server;

/// <summary>What Hub's own registry promises beyond the reference: its folder of schemas, the log, several Hubs.</summary>
public sealed class RegistryTests : IAsyncLifetime
{
    private const string Own = "test.thing-value";

    private static readonly string First = RegistryCaller.Avro("""{"name":"a","type":"string"}""");
    private static readonly string Second = RegistryCaller.Avro("""{"name":"a","type":"string"},{"name":"b","type":["null","string"],"default":null}""");

    private readonly ScratchFolder folder = new();
    private SchemaCatalog catalog = null!;
    private SqliteLog log = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        catalog = Things.LoadCatalog(folder.Path);
        log = OpenLog();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_versions_of_the_folder_have_the_ids_that_stand_in_them_and_are_never_changed_from_outside()
    {
        await using var registry = await StartAsync();
        var text = (await registry.GetAsync($"subjects/{Own}/versions/1")).Json;
        Assert.Equal(1, text.GetProperty("id").GetInt32());
        Assert.DoesNotContain('\n', text.GetProperty("schema").GetString()!);
        Assert.Contains("物 thing", text.GetProperty("schema").GetString());
        foreach (var subject in new[] { Own, "mine-value" })
            Assert.Equal("""{"id":1}""", (await registry.SendAsync(HttpMethod.Post, $"subjects/{subject}/versions", RegistryCaller.Body(catalog.Find("test.thing")!.Json))).Body);

        foreach (var (method, path) in new[] { ("DELETE", $"subjects/{Own}"), ("DELETE", $"subjects/{Own}/versions/1"), ("DELETE", $"subjects/{Own}?permanent=true"), ("POST", $"subjects/{Own}/versions") })
            Assert.Equal(42205, (await registry.SendAsync(new(method), path, method == "POST" ? RegistryCaller.Body(First) : null)).ErrorCode);
        Assert.Equal("[1]", (await registry.GetAsync($"subjects/{Own}/versions")).Body);
    }

    [Fact]
    public async Task Everything_is_there_again_after_a_restart()
    {
        string[] paths = ["subjects", "subjects?deleted=true", "subjects/s-value/versions/latest", "subjects/gone-value/versions?deleted=true", "schemas/ids/100001", "schemas/ids/100003/schema", "config", "config/s-value"];
        var before = new List<string>();
        await using (var registry = await StartAsync())
        {
            await RegisterAsync(registry, "s-value", First);
            await RegisterAsync(registry, "s-value", Second);
            await RegisterAsync(registry, "gone-value", RegistryCaller.Avro("", "Gone"));
            await registry.SendAsync(HttpMethod.Delete, "subjects/gone-value");
            await registry.SendAsync(HttpMethod.Put, "config", new { compatibility = "full" });
            await registry.SendAsync(HttpMethod.Put, "config/s-value", new { compatibility = "NONE" });
            foreach (var path in paths)
                before.Add((await registry.GetAsync(path)).Body);
        }

        await ReopenAsync();
        await using var again = await StartAsync();
        foreach (var (path, body) in paths.Zip(before))
            Assert.Equal(body, (await again.GetAsync(path)).Body);
        Assert.Equal("""{"compatibilityLevel":"FULL"}""", (await again.GetAsync("config")).Body);
        Assert.Equal(100001, await RegisterAsync(again, "t-value", First));
    }

    [Fact]
    public async Task An_id_is_never_given_twice_also_when_its_schema_is_gone_for_good_and_the_log_was_compacted()
    {
        await using (var registry = await StartAsync())
        {
            Assert.Equal(100001, await RegisterAsync(registry, "s-value", First));
            await registry.SendAsync(HttpMethod.Delete, "subjects/s-value");
            await registry.SendAsync(HttpMethod.Delete, "subjects/s-value?permanent=true");
            await log.CompactAsync(SchemaRegistry.Place, Cancel);
        }

        await ReopenAsync();
        await using var again = await StartAsync();
        Assert.Equal(100002, await RegisterAsync(again, "s-value", Second));
        Assert.Equal("[1]", (await again.GetAsync("subjects/s-value/versions")).Body);
    }

    [Fact]
    public async Task Many_registrations_at_once_give_one_id_and_one_version_to_each_schema()
    {
        await using var registry = await StartAsync();
        await registry.SendAsync(HttpMethod.Put, "config", new { compatibility = "NONE" });
        var schemas = Enumerable.Range(0, 12).Select(i => RegistryCaller.Avro($$"""{"name":"f{{i}}","type":"int"}""")).ToArray();
        var ids = await Task.WhenAll(schemas.Concat(schemas).Select(schema => RegisterAsync(registry, "s-value", schema)));
        Assert.Equal(ids[..12], ids[12..]);
        Assert.Equal(Enumerable.Range(100_001, 12), ids[..12].Order());
        Assert.Equal($"[{string.Join(',', Enumerable.Range(1, 12))}]", (await registry.GetAsync("subjects/s-value/versions")).Body);
        foreach (var (schema, id) in schemas.Zip(ids))
            Assert.Equal(schema, (await registry.GetAsync($"schemas/ids/{id}/schema")).Body);
    }

    [Fact]
    public async Task Of_several_Hubs_on_one_log_one_registers_and_the_others_know_it()
    {
        var leases = new LeasedLog(log);
        await using var first = await RegistryServer.StartAsync(leases, catalog);
        await first.WaitUntilPrimaryAsync();
        await using var second = await RegistryServer.StartAsync(leases, catalog);
        await RegisterAsync(first, "s-value", First);
        var refused = await second.SendAsync(HttpMethod.Post, "subjects/s-value/versions", RegistryCaller.Body(Second));
        Assert.Equal((503, 50003), (refused.Status, refused.ErrorCode));
        await Wait.UntilAsync("the other knows it", async () => (await second.GetAsync("schemas/ids/100001")).Status == 200, () => "nothing", Cancel);

        leases.Take();
        await second.WaitUntilPrimaryAsync();
        Assert.Equal(100002, await RegisterAsync(second, "s-value", Second));
        Assert.Equal(503, (await first.SendAsync(HttpMethod.Put, "config", new { compatibility = "NONE" })).Status);
        await Wait.UntilAsync("the first knows it", async () => (await first.GetAsync("subjects/s-value/versions")).Body == "[1,2]", () => "nothing", Cancel);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_is_a_503_and_not_an_empty_registry()
    {
        await log.EnsureTopicAsync(SchemaRegistry.Topic, 1, Cancel);
        var batch = new LogBatch();
        batch.Add(new(
            SchemaRegistry.Place, -1, SchemaRegistry.Source, Operation.Update, 1, 0, batch.Store("hub-registry:schema:1:s-value"u8),
            batch.Store("""{"format":2,"id":100001}"""u8), batch.Store([])));
        await log.AppendAsync(batch, null, Cancel);
        await using var registry = await RegistryServer.StartAsync(log, catalog, whenReady: false);
        await Wait.UntilAsync("it says so", async () => (await registry.GetAsync("subjects")).Body.Contains("format 2", StringComparison.Ordinal), () => "nothing", Cancel);
        var reply = await registry.GetAsync("schemas/ids/1");
        Assert.Equal((503, 50001), (reply.Status, reply.ErrorCode));
    }

    [Fact]
    public async Task What_the_log_holds_never_changes_its_form()
    {
        await using (var registry = await StartAsync())
        {
            await RegisterAsync(registry, "s-value", First);
            var reference = new { name = "Row", subject = "s-value", version = 1 };
            var user = await registry.SendAsync(
                HttpMethod.Post, "subjects/u-value/versions", new { schema = RegistryCaller.Avro("""{"name":"r","type":"Row"}""", "User"), references = new[] { reference } });
            Assert.Equal("""{"id":100002}""", user.Body);
            await registry.SendAsync(HttpMethod.Delete, "subjects/u-value");
            await registry.SendAsync(HttpMethod.Put, "config/s-value", new { compatibility = "FULL" });
            await registry.SendAsync(HttpMethod.Delete, "config/s-value");
        }

        await using var reader = await log.OpenReaderAsync("test", [SchemaRegistry.Topic], new Dictionary<TopicPartition, long> { [SchemaRegistry.Place] = 0 }, Cancel);
        var batch = new LogBatch();
        var seen = new List<string>();
        while (seen.Count < 5)
        {
            await reader.ReadAsync(batch, 1024 * 1024, TimeSpan.FromSeconds(5), Cancel);
            for (var i = 0; i < batch.Count; i++)
                seen.Add($"{batch[i].Version} {batch[i].Operation} {Encoding.UTF8.GetString(batch.Bytes(batch[i].Key))} {(batch[i].Value.HasValue ? Encoding.UTF8.GetString(batch.Bytes(batch[i].Value)) : "-")}");
        }

        // SHA-256 of the canonical form with all attributes; of a schema that uses others, with a line that names them behind it.
        const string Row = "965124103b5d7248de30549ec88955ba495f2e8e49df73321560705ff713708b", User = "245dfb3e6c13128cda7181295a1b3cfe8a4493a9606bd9df2d6e088c51aac273";
        Assert.Equal(
            [
                $$$"""1 Update hub-registry:schema:1:s-value {"format":1,"id":100001,"schema":"{\"type\":\"record\",\"name\":\"Row\",\"fields\":[{\"name\":\"a\",\"type\":\"string\"}]}","identity":"{{{Row}}}"}""",
                $$$"""2 Update hub-registry:schema:1:u-value {"format":1,"id":100002,"schema":"{\"type\":\"record\",\"name\":\"User\",\"fields\":[{\"name\":\"r\",\"type\":\"Row\"}]}","references":[{"name":"Row","subject":"s-value","version":1}],"identity":"{{{User}}}"}""",
                $$$"""3 Update hub-registry:schema:1:u-value {"format":1,"id":100002,"schema":"{\"type\":\"record\",\"name\":\"User\",\"fields\":[{\"name\":\"r\",\"type\":\"Row\"}]}","references":[{"name":"Row","subject":"s-value","version":1}],"identity":"{{{User}}}","deleted":true}""",
                """4 Update hub-registry:level:s-value {"format":1,"level":"FULL"}""",
                "5 Delete hub-registry:level:s-value -",
            ],
            seen);
        Assert.Equal("5-100002", (await log.ReadCheckpointAsync(SchemaRegistry.Source, Cancel))!.Checkpoint.Position.Text);
    }

    [Fact]
    public async Task The_answer_comes_in_the_media_type_that_is_asked_for_and_a_body_must_say_that_it_is_JSON()
    {
        await using var registry = await StartAsync();
        var caller = new RegistryCaller(registry.Address);
        Assert.Equal("application/json", (await caller.GetAsync("subjects", "application/json")).MediaType);
        Assert.Equal("application/vnd.schemaregistry+json", (await caller.GetAsync("subjects", "text/html, application/vnd.schemaregistry+json; q=0.5")).MediaType);
        Assert.Equal(RegistryJson.MediaType, (await caller.GetAsync("subjects", "application/json; q=0.5, */*; q=0.9")).MediaType);
        Assert.Equal(406, (await caller.GetAsync("subjects", "text/html")).Status);
        var path = "subjects/s-value/versions";
        Assert.Equal(200, (await caller.SendAsync(HttpMethod.Post, path, RegistryCaller.Body(First), "application/json; charset=utf-8")).Status);
        Assert.Equal(200, (await caller.SendAsync(HttpMethod.Post, path, RegistryCaller.Body(First), "application/octet-stream")).Status);
        Assert.Equal(415, (await caller.SendAsync(HttpMethod.Post, path, RegistryCaller.Body(First), "text/plain")).Status);
        Assert.Equal(400, (await caller.SendAsync(HttpMethod.Post, path, "{")).Status);
        Assert.Equal(400, (await caller.SendAsync(HttpMethod.Post, path, "null")).ErrorCode);
    }

    [Theory]
    [InlineData("__GLOBAL", "{}", 42208)]
    [InlineData(":.staging:s-value", "{}", 42208)]
    [InlineData("%20", "{}", 42208)]
    [InlineData("s-value", """{"id":7}""", 42205)]
    [InlineData("s-value", """{"version":3}""", 42201)]
    [InlineData("s-value", """{"metadata":{"properties":{"owner":"me"}}}""", 42201)]
    [InlineData("s-value", """{"ruleSet":{"domainRules":[]}}""", 42201)]
    [InlineData("s-value", """{"references":[{"name":"a.B","subject":"none","version":1}]}""", 42201)]
    public async Task What_the_registry_does_not_keep_is_refused_and_not_forgotten(string subject, string more, int code)
    {
        await using var registry = await StartAsync();
        var body = System.Text.Json.Nodes.JsonNode.Parse(more)!.AsObject();
        body["schema"] = First;
        Assert.Equal(code, (await registry.SendAsync(HttpMethod.Post, $"subjects/{subject}/versions", body)).ErrorCode);
    }

    [Theory]
    [InlineData("""{"compatibility":"FULL","normalize":true}""", 42205)]
    [InlineData("""{"compatibilityGroup":"v"}""", 42205)]
    [InlineData("""{"compatibility":"FULL","normalize":false,"alias":null}""", 0)]
    public async Task What_is_set_beside_a_level_is_refused_and_not_forgotten(string body, int code)
    {
        await using var registry = await StartAsync();
        var reply = await registry.SendAsync(HttpMethod.Put, "config/s-value", body);
        Assert.Equal(code, reply.Status == 200 ? 0 : reply.ErrorCode);
    }

    [Theory]
    [InlineData("GET", "nothing", 404)]
    [InlineData("POST", "subjects", 404)]
    [InlineData("GET", "schemas/ids/one", 404)]
    [InlineData("PUT", "mode", 42205)]
    [InlineData("PUT", "mode/s-value", 42205)]
    public async Task What_the_registry_cannot_do_is_said_in_its_own_form(string method, string path, int code)
    {
        await using var registry = await StartAsync();
        Assert.Equal(code, (await registry.SendAsync(new(method), path)).ErrorCode);
    }

    [Fact]
    public async Task A_subject_may_have_a_slash_and_Chinese_letters()
    {
        await using var registry = await StartAsync();
        var subject = Uri.EscapeDataString("区/财政-value");
        Assert.Equal(100001, await RegisterAsync(registry, subject, First));
        Assert.Equal("区/财政-value", (await registry.GetAsync($"subjects/{subject}/versions/1")).Json.GetProperty("subject").GetString());
        Assert.Equal("{}", (await registry.GetAsync("")).Body);
        Assert.Equal("""{"mode":"READWRITE"}""", (await registry.GetAsync("mode")).Body);
    }

    private async Task<RegistryServer> StartAsync()
    {
        var registry = await RegistryServer.StartAsync(log, catalog);
        await registry.WaitUntilPrimaryAsync();
        return registry;
    }

    private static async Task<int> RegisterAsync(RegistryServer registry, string subject, string schema)
    {
        var reply = await registry.SendAsync(HttpMethod.Post, $"subjects/{subject}/versions", RegistryCaller.Body(schema));
        Assert.True(reply.Status == 200, reply.Body);
        return reply.Json.GetProperty("id").GetInt32();
    }

    private async Task ReopenAsync()
    {
        await log.DisposeAsync();
        log = OpenLog();
    }

    private SqliteLog OpenLog() => new(new() { Path = folder.At("log.db") });

    /// <summary>Gives the lease to one at a time, as a log does that several processes share.</summary>
    private sealed class LeasedLog(ILog inner) : ForwardingLog(inner)
    {
        private readonly SemaphoreSlim free = new(1);
        private CancellationTokenSource lost = new();

        public override async ValueTask<SourceLease> AcquireAsync(string source, CancellationToken cancellationToken)
        {
            await free.WaitAsync(cancellationToken);
            lost = new();
            return new(lost.Token);
        }

        /// <summary>Takes the lease from its holder; who has waited longest gets it.</summary>
        public void Take()
        {
            free.Release();
            lost.Cancel();
        }
    }
}
