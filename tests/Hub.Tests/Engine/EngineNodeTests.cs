using System.Net;
using System.Text;
using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Index.Elasticsearch;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Engine;
using Xunit;
using static Hub.Tests.Fixtures.Engine.RecordedErrors;

namespace Hub.Tests.Engine;

/// <summary>Nodes that come and go, logins, compression, and answers that are not all there is.</summary>
public sealed class EngineNodeTests : EngineTest
{
    private const string Secret = "geheim-7";

    [Fact]
    public async Task A_node_that_is_down_is_passed_over_and_not_asked_again_for_a_while()
    {
        await using var second = await ScriptedEngine.StartAsync(Engine.Memory);
        var index = await OpenAsync(Options with { Url = $"{Engine.Address}, {second.Address}" });
        await WriteAsync(index, Put("a"));
        await WriteAsync(index, Put("b"));
        Assert.NotEmpty(Engine.Calls);
        Assert.NotEmpty(second.Calls);

        await Engine.StopAsync();
        for (var i = 0; i < 4; i++)
            Assert.Equal([WriteOutcome.Applied], await WriteAsync(index, Put($"c{i}")));
        Assert.Equal(["s:a", "s:b", "s:c0", "s:c1", "s:c2", "s:c3"], Held);
    }

    [Fact]
    public async Task When_no_node_answers_that_is_told_and_passes_when_one_is_back()
    {
        var index = await OpenAsync();
        await Engine.StopAsync();
        var finding = await FailAsync(index, isTransient: true, Put("a"));
        Assert.Equal(Codes.EngineUnreachable, finding.Code);
        Assert.Contains("elasticsearch.url", finding.Suggestion);
        await Engine.StartAgainAsync();
        Assert.Equal([WriteOutcome.Applied], await WriteAsync(index, Put("a")));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_in_time_is_passed_over()
    {
        await using var second = await ScriptedEngine.StartAsync(Engine.Memory);
        var index = await OpenAsync(Options with { Url = $"{Engine.Address},{second.Address}", Timeout = TimeSpan.FromSeconds(1) });
        var never = new TaskCompletionSource();
        foreach (var node in new[] { Engine, second })
            node.Answer("_bulk", new(200) { Until = never.Task });
        // One holds it, and so does the next; the third try is answered.
        Assert.Equal([WriteOutcome.Applied], await WriteAsync(index, Put("a")));
        Assert.Equal(3, Engine.Bulks.Count + second.Bulks.Count);
        never.SetResult();
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task A_node_that_is_just_starting_or_too_busy_is_asked_again_or_another_is(int status)
    {
        Engine.Answer("/", new(status, "<html>starting</html>") { MediaType = "text/html" }, times: 2);
        Assert.NotNull((await OpenAsync()).Identity);
    }

    [Fact]
    public async Task An_address_with_a_path_and_a_login_stays_the_same_when_a_request_is_tried_again()
    {
        var address = new UriBuilder(Engine.Address) { UserName = "hub", Password = "p%40ss", Path = "search/" }.Uri.AbsoluteUri;
        using var client = new EngineClient(new() { Url = address });
        Engine.Answer("/", new(503), times: 2);
        Engine.Answer("/", EngineReply.Reset);
        await client.SendAsync(HttpMethod.Get, "", null, Cancel);
        Assert.Equal(4, Engine.Calls.Count);
        Assert.All(Engine.Calls, call => Assert.Equal(("/search/", $"Basic {Convert.ToBase64String("hub:p@ss"u8)}"), (call.Path, call.Authorization)));
    }

    [Fact]
    public async Task The_login_is_user_and_password_or_an_api_key()
    {
        using (var client = new EngineClient(Options with { User = "hub", Password = Secret }))
            await client.SendAsync(HttpMethod.Get, "", null, Cancel);
        using (var client = new EngineClient(Options with { User = "hub", Password = Secret, ApiKey = "a2V5" }))
            await client.SendAsync(HttpMethod.Get, "", null, Cancel);
        using (var client = new EngineClient(Options))
            await client.SendAsync(HttpMethod.Get, "", null, Cancel);
        Assert.Equal([$"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"hub:{Secret}"))}", "ApiKey a2V5", null], Engine.Calls.Select(call => call.Authorization));
    }

    [Fact]
    public async Task No_failure_shows_the_login()
    {
        var address = new UriBuilder(Engine.Address) { UserName = "hub", Password = Secret }.Uri.AbsoluteUri;
        var options = Options with { Url = address, Retries = 0 };
        List<string> texts = [options.ToString()];
        var index = await OpenAsync(options);
        foreach (var reply in new EngineReply[] { new(401, Whole(401, NotAllowed)), new(500, "oh"), new(200, "oh"), EngineReply.Reset, new(302) { Location = "http://127.0.0.1:1/elsewhere" } })
        {
            Engine.Answer("_bulk", reply);
            texts.Add($"{await Assert.ThrowsAsync<HubException>(() => WriteAsync(index, Put("a")))}");
        }

        await Engine.StopAsync();
        texts.Add($"{await Assert.ThrowsAsync<HubException>(() => WriteAsync(index, Put("a")))}");
        texts.AddRange((await EngineDoctor.ExamineAsync(options, IndexRecords.Catalog, Cancel)).Select(finding => $"{finding}"));
        Assert.Equal(8, texts.Count);
        Assert.All(texts, text => Assert.DoesNotContain(Secret, text));
        Assert.All(texts, text => Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"hub:{Secret}")), text));
    }

    [Fact]
    public async Task Nobody_is_followed_elsewhere_with_documents_and_login()
    {
        await using var other = await ScriptedEngine.StartAsync();
        var index = await OpenAsync(Options with { User = "hub", Password = Secret });
        Engine.Answer("_bulk", new(307) { Location = $"{other.Address}_bulk" });
        Assert.Equal(Codes.EngineRefused, (await FailAsync(index, isTransient: false, Put("a"))).Code);
        Assert.Empty(other.Calls);
    }

    [Theory]
    [InlineData(true, "gzip")]
    [InlineData(false, null)]
    [InlineData(null, null)]
    public async Task Requests_are_compressed_when_that_is_wanted_and_by_itself_not_on_this_machine(bool? gzip, string? encoding)
    {
        var index = await OpenAsync(Options with { Gzip = gzip });
        await WriteAsync(index, Entry.Put("s:a", 1, ("note", new string('注', 1000))));
        Assert.Equal(encoding, Assert.Single(Engine.Bulks).ContentEncoding);
        Assert.Equal(["s:a"], Held);
    }

    [Theory]
    [InlineData(FailedShard, "without 1 shards")]
    [InlineData(TimedOut, "before all was found")]
    public async Task A_search_that_did_not_look_everywhere_is_a_failure_and_no_answer(string body, string reason)
    {
        var index = await OpenAsync();
        var asks = new Func<Task>[]
        {
            () => index.SearchAsync(new() { Text = "会议" }, Cancel).AsTask(),
            () => index.CountAsync(Cancel).AsTask(),
            async () => { await foreach (var _ in index.ScanAsync(IndexRecords.Payment, null, Cancel)) { } },
        };
        foreach (var ask in asks)
        {
            Engine.Answer("_search", new(200, body));
            var failure = await Assert.ThrowsAsync<HubException>(ask);
            Assert.True(failure.IsTransient);
            Assert.Contains(reason, failure.Findings[0].Message);
        }

        Assert.All(Engine.Calls.Where(call => call.Path.EndsWith("_search", StringComparison.Ordinal)), call => Assert.Contains("allow_partial_search_results=false", call.Query));
        Engine.Answer("_refresh", new(200, """{"_shards":{"total":2,"successful":1,"failed":1}}"""));
        Assert.True((await Assert.ThrowsAsync<HubException>(() => index.RefreshAsync(Cancel).AsTask())).IsTransient);
    }

    [Theory]
    [InlineData(400, IndexClosed, Codes.EngineBlocked)]
    [InlineData(404, IndexMissing, Codes.EngineIndexMissing)]
    [InlineData(429, CircuitBreaker, Codes.EngineFailed)]
    public async Task A_search_on_an_index_that_is_not_there_is_told_and_not_empty(int status, string error, string code)
    {
        var index = await OpenAsync();
        Engine.Answer("_search", new(status, Whole(status, error)), times: 4);
        Assert.Equal(code, (await Assert.ThrowsAsync<HubException>(() => index.SearchAsync(new(), Cancel).AsTask())).Findings[0].Code);
        Assert.All(Engine.Calls.Where(call => call.Path.EndsWith("_search", StringComparison.Ordinal)), call => Assert.DoesNotContain("ignore_unavailable", call.Query));
    }

    [Theory]
    [InlineData("<html>log in</html>")]
    [InlineData("[1]")]
    [InlineData("""{"hits":{"hits":[""")]
    public async Task What_is_no_answer_of_an_engine_is_told(string body)
    {
        var index = await OpenAsync();
        Engine.Answer("_search", new(200, body));
        Assert.Equal(Codes.EngineFailed, (await Assert.ThrowsAsync<HubException>(() => index.SearchAsync(new(), Cancel).AsTask())).Findings[0].Code);
        Engine.Answer("_doc/hub", new(200, body));
        Assert.Equal(Codes.EngineFailed, (await FailAsync(index, isTransient: true, Put("a"))).Code);
        Engine.Answer("s:x", new(404, "<html>no such page</html>"));
        await Assert.ThrowsAsync<HubException>(() => index.GetAsync(IndexRecords.Payment, "s:x", Cancel).AsTask());
    }
}
