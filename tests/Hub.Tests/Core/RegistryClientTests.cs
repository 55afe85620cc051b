using System.Text;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The client of a registry against answers that a test has written.</summary>
public sealed class RegistryClientTests
{
    private const string Text = """{"schema":"\"string\""}""";

    private readonly ScriptedRegistry registry = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_has_the_path_body_and_media_types_of_the_reference()
    {
        registry.Answer(200, """{"id":7}""");
        Assert.Equal(7, await Client("http://r:8081/base/").RegisterAsync("a/b 区-value", new("\"int\""), Cancel));
        var request = Assert.Single(registry.Requests);
        Assert.Equal("POST http://r:8081/base/subjects/a%2Fb%20%E5%8C%BA-value/versions", request.Line);
        Assert.Equal("""{"schema":"\"int\""}""", request.Body);
        Assert.Equal(RegistryJson.MediaType, request.ContentType);
        Assert.StartsWith(RegistryJson.MediaType, request.Accept);
        Assert.Null(request.Authorization);
    }

    [Theory]
    [InlineData("http://me:p%40ss@r:8081", "", "", "me:p@ss")]
    [InlineData("http://me:old@r:8081", "you", "秘", "you:秘")]
    public async Task Basic_authentication_comes_from_the_settings_or_the_address_and_is_shown_nowhere(string url, string user, string password, string expected)
    {
        var options = new RegistryOptions { Url = url, User = user, Password = password };
        registry.Answer(401, """{"error_code":401,"message":"Unauthorized"}""");
        var failure = await Assert.ThrowsAsync<HubException>(() => new RegistryClient(new(registry), options).ReadSubjectsAsync(Cancel));
        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(expected))}", registry.Requests[0].Authorization);
        Assert.Equal("GET http://r:8081/subjects", registry.Requests[0].Line);
        Assert.Equal((Codes.RegistryLoginRefused, false), (failure.Findings[0].Code, failure.IsTransient));
        Assert.All(new[] { failure.ToString(), options.ToString() }, text =>
        {
            Assert.DoesNotContain("me:", text);
            Assert.DoesNotContain("秘", text);
        });
    }

    [Theory]
    [InlineData(500, """{"error_code":50001,"message":"Error in the backend datastore"}""", Codes.RegistryUnreachable, true)]
    [InlineData(503, "<html>no</html>", Codes.RegistryUnreachable, true)]
    [InlineData(429, "", Codes.RegistryUnreachable, true)]
    [InlineData(401, "", Codes.RegistryLoginRefused, false)]
    [InlineData(403, """{"error_code":40301,"message":"User is denied operation Write"}""", Codes.RegistryLoginRefused, false)]
    [InlineData(404, "<html>not here</html>", Codes.RegistryGarbled, false)]
    [InlineData(404, """{"error_code":404,"message":"HTTP 404 Not Found"}""", Codes.RegistryRefused, false)]
    [InlineData(409, """{"error_code":409,"message":"Schema being registered is incompatible"}""", Codes.SchemaIncompatible, false)]
    [InlineData(409, """{"error_code":40901,"message":"Schema being registered is incompatible"}""", Codes.SchemaIncompatible, false)]
    [InlineData(422, """{"error_code":42201,"message":"Invalid schema"}""", Codes.RegistryRefused, false)]
    [InlineData(200, "<html>hello</html>", Codes.RegistryGarbled, false)]
    [InlineData(200, "null", Codes.RegistryGarbled, false)]
    [InlineData(200, """{"id":"seven"}""", Codes.RegistryGarbled, false)]
    [InlineData(200, """{"id":""", Codes.RegistryGarbled, false)]
    public async Task An_answer_is_sorted_into_what_may_pass_and_what_somebody_must_mend(int status, string body, string code, bool isTransient)
    {
        registry.Answer(status, body);
        var failure = await Assert.ThrowsAsync<HubException>(() => Client().RegisterAsync("s-value", new("\"int\""), Cancel));
        Assert.Equal((code, isTransient), (failure.Findings[0].Code, failure.IsTransient));
        Assert.Equal("http://r:8081/", failure.Findings[0].Place);
    }

    [Fact]
    public async Task A_connection_that_breaks_or_does_not_answer_may_pass()
    {
        registry.Fail(new HttpRequestException("broken"));
        registry.Fail(new TaskCanceledException("timeout"));
        var client = Client();
        for (var i = 0; i < 2; i++)
        {
            var failure = await Assert.ThrowsAsync<HubException>(() => client.ReadSubjectsAsync(Cancel));
            Assert.Equal((Codes.RegistryUnreachable, true), (failure.Findings[0].Code, failure.IsTransient));
        }
    }

    [Fact]
    public async Task Who_gives_up_is_not_told_of_a_failure()
    {
        using var stop = new CancellationTokenSource();
        registry.Hold();
        var asking = Client().ReadSubjectsAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task What_is_not_there_is_null_and_not_a_failure()
    {
        foreach (var code in new[] { 40401, 40402, 40403 })
        {
            registry.Answer(404, $$"""{"error_code":{{code}},"message":"not found"}""");
            Assert.Null(await Client().FindAsync("s-value", 1, Cancel));
        }
    }

    [Fact]
    public async Task A_schema_is_asked_for_once_by_however_many_and_kept()
    {
        var client = Client();
        var answer = registry.Hold();
        using var impatient = new CancellationTokenSource();
        var gone = client.FindAsync(7, impatient.Token);
        var all = Enumerable.Range(0, 8).Select(_ => client.FindAsync(7, Cancel)).ToArray();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        answer.SetResult(ScriptedRegistry.Message(200, Text));
        Assert.All(await Task.WhenAll(all), schema => Assert.Equal("\"string\"", schema!.Schema));
        Assert.Equal("\"string\"", (await client.FindAsync(7, Cancel))!.Schema);
        Assert.Equal("GET http://r:8081/schemas/ids/7", Assert.Single(registry.Requests).Line);
    }

    [Fact]
    public async Task A_schema_that_was_missing_or_failed_is_asked_for_again()
    {
        var client = Client();
        registry.Answer(404, """{"error_code":40403,"message":"Schema 7 not found"}""");
        registry.Answer(500, "");
        registry.Answer(200, Text);
        Assert.Null(await client.FindAsync(7, Cancel));
        await Assert.ThrowsAsync<HubException>(() => client.FindAsync(7, Cancel));
        Assert.NotNull(await client.FindAsync(7, Cancel));
        Assert.Equal(3, registry.Requests.Count);
    }

    [Fact]
    public async Task The_schemas_that_are_kept_are_so_many_and_not_more()
    {
        var client = Client();
        registry.Always(200, Text);
        for (var id = 1; id <= 10_001; id++)
            await client.FindAsync(id, Cancel);
        await client.FindAsync(10_001, Cancel);
        Assert.Equal(10_001, registry.Requests.Count);
        await client.FindAsync(1, Cancel);
        Assert.Equal(10_002, registry.Requests.Count);
    }

    [Fact]
    public async Task The_next_address_is_asked_when_one_cannot_answer_and_stays_the_one()
    {
        var client = Client("http://a:1, http://b:2");
        registry.Fail(new HttpRequestException("broken"));
        registry.Answer(200, "[]");
        registry.Answer(200, "[]");
        registry.Answer(422, """{"error_code":42201,"message":"no"}""");
        await client.ReadSubjectsAsync(Cancel);
        await client.ReadSubjectsAsync(Cancel);
        await Assert.ThrowsAsync<HubException>(() => client.ReadSubjectsAsync(Cancel));
        Assert.Equal(["GET http://a:1/subjects", "GET http://b:2/subjects", "GET http://b:2/subjects", "GET http://b:2/subjects"], registry.Requests.Select(request => request.Line));
    }

    [Theory]
    [InlineData("finance.payment", "finance.payment-value")]
    [InlineData("-value", "-value-value")]
    public void The_subject_of_a_topic_is_its_name_with_value_behind(string topic, string subject)
    {
        Assert.Equal(subject, SubjectNames.OfValues(topic));
        Assert.Equal(topic, SubjectNames.TopicOf(subject));
        Assert.Null(SubjectNames.TopicOf("finance.payment-key"));
        Assert.Null(SubjectNames.TopicOf("-value"));
    }

    private RegistryClient Client(string url = "http://r:8081") => new(new HttpClient(registry), new RegistryOptions { Url = url });
}
