using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>
/// What a Confluent-compatible registry does, by the examples of its API reference
/// (docs.confluent.io/platform/current/schema-registry/develop/api.html). Every test has subjects of its own: a registry from outside is not emptied.
/// </summary>
public abstract partial class RegistryContract
{
    /// <summary>The example schema of the reference.</summary>
    protected const string TestSchema = """{"type":"record","name":"test","fields":[{"type":"string","name":"field1"},{"type":"com.acme.Referenced","name":"int"}]}""";

    private protected static readonly string Plain = RegistryCaller.Avro("""{"name":"field1","type":"string"}""");
    private protected static readonly string WithDefault = RegistryCaller.Avro("""{"name":"field1","type":"string"},{"name":"field2","type":"int","default":0}""");
    private protected static readonly string WithoutDefault = RegistryCaller.Avro("""{"name":"field1","type":"string"},{"name":"field3","type":"int"}""");

    private protected string Subject { get; } = $"contract-{Guid.NewGuid():N}-value";

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected abstract ValueTask<RegistryCaller> OpenAsync();

    private protected abstract RegistryClient Client { get; }

    [Fact]
    public async Task Registering_gives_an_id_and_the_same_schema_the_same_id_under_whatever_subject()
    {
        var caller = await OpenAsync();
        var id = await RegisterAsync(caller, Subject, Plain);
        Assert.Equal(id, await RegisterAsync(caller, Subject, Plain));
        Assert.Equal(id, await RegisterAsync(caller, $"other-{Subject}", Plain));
        Assert.NotEqual(id, await RegisterAsync(caller, Subject, WithDefault));
        Assert.Equal("[1,2]", (await caller.GetAsync($"subjects/{Subject}/versions")).Body);
        Assert.Equal("[1]", (await caller.GetAsync($"subjects/other-{Subject}/versions")).Body);
    }

    [Fact]
    public async Task A_schema_is_had_by_id_with_its_text_subjects_and_versions()
    {
        var caller = await OpenAsync();
        var schema = RegistryCaller.Avro("""{"name":"field1","type":"string","doc":"字段"}""", $"Row{Guid.NewGuid():N}");
        var id = await RegisterAsync(caller, Subject, schema);
        AssertJson(schema, (await caller.GetAsync($"schemas/ids/{id}")).Json.GetProperty("schema").GetString()!);
        AssertJson(schema, (await caller.GetAsync($"schemas/ids/{id}/schema")).Body);
        Assert.Equal($"[\"{Subject}\"]", (await caller.GetAsync($"schemas/ids/{id}/subjects")).Body);
        var place = (await caller.GetAsync($"schemas/ids/{id}/versions")).Json[0];
        Assert.Equal((Subject, 1), (place.GetProperty("subject").GetString(), place.GetProperty("version").GetInt32()));
        Assert.Contains("\"AVRO\"", (await caller.GetAsync("schemas/types")).Body);
    }

    [Fact]
    public async Task A_version_is_had_by_number_and_as_the_latest()
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        var id = await RegisterAsync(caller, Subject, WithDefault);
        foreach (var version in new[] { "2", "latest", "-1" })
        {
            var found = (await caller.GetAsync($"subjects/{Subject}/versions/{version}")).Json;
            Assert.Equal((Subject, 2, id), (found.GetProperty("subject").GetString(), found.GetProperty("version").GetInt32(), found.GetProperty("id").GetInt32()));
            AssertJson(WithDefault, found.GetProperty("schema").GetString()!);
        }

        AssertJson(Plain, (await caller.GetAsync($"subjects/{Subject}/versions/1/schema")).Body);
        Assert.Contains($"\"{Subject}\"", (await caller.GetAsync($"subjects?subjectPrefix={Subject}")).Body);
    }

    [Theory]
    [InlineData("GET", "subjects/{none}/versions", null, 404, 40401)]
    [InlineData("GET", "subjects/{none}/versions/1", null, 404, 40401)]
    [InlineData("GET", "subjects/{some}/versions/9", null, 404, 40402)]
    [InlineData("GET", "subjects/{some}/versions/0", null, 422, 42202)]
    [InlineData("GET", "subjects/{some}/versions/earliest", null, 422, 42202)]
    [InlineData("GET", "subjects/{some}/versions/9/schema", null, 404, 40402)]
    [InlineData("GET", "schemas/ids/2000000000", null, 404, 40403)]
    [InlineData("GET", "schemas/ids/2000000000/versions", null, 404, 40403)]
    [InlineData("POST", "subjects/{none}", "{good}", 404, 40401)]
    [InlineData("POST", "subjects/{some}", "{other}", 404, 40403)]
    [InlineData("POST", "subjects/{some}/versions", "{bad}", 422, 42201)]
    [InlineData("POST", "subjects/{some}/versions", "{\"schema\":\"\"}", 422, 42201)]
    [InlineData("POST", "subjects/{some}/versions", "{\"schema\":\"\\\"int\\\"\",\"schemaType\":\"COBOL\"}", 422, 42201)]
    [InlineData("DELETE", "subjects/{none}", null, 404, 40401)]
    [InlineData("DELETE", "subjects/{none}/versions/1", null, 404, 40401)]
    [InlineData("DELETE", "subjects/{some}/versions/9", null, 404, 40402)]
    [InlineData("DELETE", "subjects/{some}/versions/nine", null, 422, 42202)]
    [InlineData("DELETE", "subjects/{some}?permanent=true", null, 404, 40405)]
    [InlineData("DELETE", "subjects/{some}/versions/1?permanent=true", null, 404, 40407)]
    [InlineData("POST", "compatibility/subjects/{some}/versions/9", "{good}", 404, 40402)]
    [InlineData("POST", "compatibility/subjects/{some}/versions/x", "{good}", 422, 42202)]
    [InlineData("POST", "compatibility/subjects/{some}/versions/latest", "{bad}", 422, 42201)]
    [InlineData("GET", "config/{some}", null, 404, 40408)]
    [InlineData("PUT", "config/{some}", "{\"compatibility\":\"SIDEWAYS\"}", 422, 42203)]
    [InlineData("GET", "mode/{some}", null, 404, 40409)]
    public async Task A_refusal_has_the_status_and_the_number_of_the_reference(string method, string path, string? body, int status, int code)
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        object? sent = body switch
        {
            "{good}" => RegistryCaller.Body(Plain),
            "{other}" => RegistryCaller.Body(WithDefault),
            "{bad}" => RegistryCaller.Body("""{"type":"recrod"}"""),
            _ => body,
        };
        var reply = await caller.SendAsync(new(method), path.Replace("{none}", $"no-{Subject}", StringComparison.Ordinal).Replace("{some}", Subject, StringComparison.Ordinal), sent);
        Assert.True((reply.Status, reply.ErrorCode) == (status, code), $"{reply.Status} {reply.Body}");
        Assert.NotEmpty(reply.Json.GetProperty("message").GetString()!);
        Assert.Equal(RegistryJson.MediaType, reply.MediaType);
    }

    [Fact]
    public async Task A_schema_is_looked_up_under_its_subject()
    {
        var caller = await OpenAsync();
        var id = await RegisterAsync(caller, Subject, Plain);
        var spread = JsonSerializer.Serialize(JsonDocument.Parse(Plain), new JsonSerializerOptions { WriteIndented = true });
        var found = (await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}", RegistryCaller.Body(spread))).Json;
        Assert.Equal((Subject, id, 1), (found.GetProperty("subject").GetString(), found.GetProperty("id").GetInt32(), found.GetProperty("version").GetInt32()));
        AssertJson(Plain, found.GetProperty("schema").GetString()!);
    }

    [Fact]
    public async Task A_schema_may_use_another_one_which_is_then_not_deleted()
    {
        var caller = await OpenAsync();
        var name = $"com.acme.R{Guid.NewGuid():N}";
        await RegisterAsync(caller, $"ref-{Subject}", $$"""{"type":"record","name":"{{name}}","fields":[{"name":"inner","type":"int"}]}""");
        var text = TestSchema.Replace("com.acme.Referenced", name, StringComparison.Ordinal);
        Assert.Equal(42201, (await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", RegistryCaller.Body(text))).ErrorCode);
        object[] references = [new { name, subject = $"ref-{Subject}", version = 1 }];
        var registered = await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", new { schema = text, schemaType = "AVRO", references });
        Assert.True(registered.Status == 200, registered.Body);
        var id = registered.Json.GetProperty("id").GetInt32();
        var found = (await caller.GetAsync($"schemas/ids/{id}")).Json;
        Assert.Equal($"ref-{Subject}", found.GetProperty("references")[0].GetProperty("subject").GetString());
        Assert.Equal($"[{id}]", (await caller.GetAsync($"subjects/ref-{Subject}/versions/1/referencedby")).Body);
        Assert.Equal(42206, (await caller.SendAsync(HttpMethod.Delete, $"subjects/ref-{Subject}/versions/1")).ErrorCode);

        await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}");
        Assert.Equal("1", (await caller.SendAsync(HttpMethod.Delete, $"subjects/ref-{Subject}/versions/1")).Body);
        var late = await caller.SendAsync(HttpMethod.Post, $"subjects/late-{Subject}/versions", new { schema = text, schemaType = "AVRO", references });
        Assert.Equal(42201, late.ErrorCode);

        var schema = (await Client.FindAsync(id, Cancel))!;
        Assert.Contains(name, Assert.Single(await Client.ResolveAsync(schema.References, Cancel)));
    }

    [Fact]
    public async Task Normalizing_makes_one_of_two_ways_to_write_a_schema()
    {
        var caller = await OpenAsync();
        var name = $"Row{Guid.NewGuid():N}";
        var id = await RegisterAsync(caller, $"{Subject}?normalize=true", $$$"""{"type":"record","name":"com.acme.{{{name}}}","fields":[{"name":"a","type":{"type":"string"}}]}""");
        Assert.Equal(id, await RegisterAsync(caller, $"{Subject}?normalize=true", $$"""{"fields":[{"type":"string","name":"a"}],"namespace":"com.acme","name":"{{name}}","type":"record"}"""));
        var again = await caller.SendAsync(
            HttpMethod.Post, $"subjects/{Subject}?normalize=true", RegistryCaller.Body($$"""{"namespace":"com.acme","name":"{{name}}","type":"record","fields":[{"name":"a","type":"string"}]}"""));
        Assert.Equal(id, again.Json.GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task The_client_does_all_that_Hub_needs()
    {
        await OpenAsync();
        Assert.Null(await Client.FindLatestAsync(Subject, Cancel));
        Assert.Empty(await Client.ReadVersionsAsync(Subject, deleted: false, Cancel));
        Assert.True((await Client.TestAsync(Subject, null, new(Plain), Cancel)).IsCompatible);
        var id = await Client.RegisterAsync(Subject, new(Plain), Cancel);
        Assert.Equal(id, (await Client.LookUpAsync(Subject, new(Plain), Cancel))!.Id);
        Assert.Null(await Client.LookUpAsync(Subject, new(WithDefault), Cancel));
        AssertJson(Plain, (await Client.FindAsync(id, Cancel))!.Schema);
        Assert.Null(await Client.FindAsync(2_000_000_000, Cancel));
        Assert.Equal(1, (await Client.FindAsync(Subject, 1, Cancel))!.Version);
        Assert.Null(await Client.FindAsync(Subject, 2, Cancel));
        Assert.Contains(Subject, await Client.ReadSubjectsAsync(Cancel));

        var general = await Client.ReadLevelAsync(null, Cancel);
        Assert.Equal(general, await Client.ReadLevelAsync(Subject, Cancel));
        await Client.SetLevelAsync(Subject, CompatibilityLevel.FullTransitive, Cancel);
        Assert.Equal(CompatibilityLevel.FullTransitive, await Client.ReadLevelAsync(Subject, Cancel));
        await Client.ResetLevelAsync(Subject, Cancel);
        Assert.Equal(general, await Client.ReadLevelAsync(Subject, Cancel));

        var answer = await Client.TestAsync(Subject, 1, new(WithoutDefault), Cancel);
        Assert.False(answer.IsCompatible);
        Assert.Contains("field3", string.Join(' ', answer.Messages!));
        var refused = await Assert.ThrowsAsync<HubException>(() => Client.RegisterAsync(Subject, new(WithoutDefault), Cancel));
        Assert.Equal((Codes.SchemaIncompatible, false), (refused.Findings[0].Code, refused.IsTransient));
        var wrong = await Assert.ThrowsAsync<HubException>(() => Client.RegisterAsync(Subject, new("{}"), Cancel));
        Assert.Equal((Codes.RegistryRefused, false), (wrong.Findings[0].Code, wrong.IsTransient));
        Assert.Contains("42201", wrong.Findings[0].Message);
    }

    private protected static async Task<int> RegisterAsync(RegistryCaller caller, string subject, string schema)
    {
        var (name, query) = subject.IndexOf('?') is >= 0 and var at ? (subject[..at], subject[at..]) : (subject, "");
        var reply = await caller.SendAsync(HttpMethod.Post, $"subjects/{name}/versions{query}", RegistryCaller.Body(schema));
        Assert.True(reply.Status == 200, reply.Body);
        return reply.Json.GetProperty("id").GetInt32();
    }

    private static void AssertJson(string expected, string actual)
        => Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement), actual);
}
