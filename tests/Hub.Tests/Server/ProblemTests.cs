using System.Net;
using Hub.Core.Ops;
using Hub.Server;
using Hub.Server.Hosting;
using Xunit;

namespace Hub.Tests.Server;

public sealed class ProblemTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData("/api/v1/search?bogus=1", 400, Codes.QueryUnknownField, "bogus")]
    [InlineData("/api/v1/search?subject=finance.nothing", 400, Codes.QueryUnknownSubject, "subject")]
    [InlineData("/api/v1/search?paidDate.gte=gestern", 400, Codes.QueryValue, "paidDate.gte")]
    [InlineData("/api/v1/search?sort=summary", 400, Codes.QueryFieldRole, "sort")]
    [InlineData("/api/v1/search?size=%ZZ", 400, Codes.QueryValue, "size")]
    [InlineData("/api/v1/records/finance.agency/finance:none", 404, Codes.RecordNotFound, "id")]
    [InlineData("/api/v1/records/finance.agency/A1", 404, Codes.RecordNotFound, "id")]
    [InlineData("/api/v1/records/finance.agencie/finance:A1", 400, Codes.QueryUnknownSubject, "subject")]
    [InlineData("/api/v1/catalog/codes/fund-typ", 404, Codes.RecordNotFound, "list")]
    [InlineData("/api/v1/catalog/codes/fund-type?year=x", 400, Codes.QueryValue, "year")]
    [InlineData("/api/v1/schemas/99", 404, Codes.RecordNotFound, "id")]
    [InlineData("/api/v1/schemas/x", 404, Codes.RouteUnknown, "/api/v1/schemas/x")]
    [InlineData("/api/v1/nothing", 404, Codes.RouteUnknown, "/api/v1/nothing")]
    [InlineData("/api/v2/search", 404, Codes.RouteUnknown, "/api/v2/search")]
    [InlineData("/nothing.html", 404, Codes.RouteUnknown, "/nothing.html")]
    [InlineData("/api/v1/dead-letters?state=opne", 400, Codes.QueryValue, "state")]
    [InlineData("/api/v1/search?minFreshness=soon", 400, Codes.QueryValue, "minFreshness")]
    [InlineData("/api/v1/search?minFreshness=-3s", 400, Codes.QueryValue, "minFreshness")]
    [InlineData("/api/v1/search?minFreshness=2025-03-01T08:00:00", 400, Codes.QueryValue, "minFreshness")]
    [InlineData("/api/v1/search?minFreshness=9000-03-01T08:00:00Z", 400, Codes.QueryValue, "minFreshness")]
    [InlineData("/api/v1/search?minFreshness=1s&minFreshness=2s", 400, Codes.QueryInvalid, "minFreshness")]
    [InlineData("/api/v1/search?minFreshness=1s&subject=hub.deadLetter", 400, Codes.QueryInvalid, "minFreshness")]
    [InlineData("/api/v1/search?wait=61s", 400, Codes.QueryValue, "wait")]
    [InlineData("/api/v1/search?waitFor=gestern", 400, Codes.QueryReceipt, "waitFor")]
    [InlineData("/api/v1/records/finance.agency/finance:A1?waitFor=gestern", 400, Codes.QueryReceipt, "waitFor")]
    [InlineData("/api/v1/search?minFreshness=30s&wait=0s", 503, Codes.SourceLate, "finance")]
    [InlineData("/api/v1/search?minFreshness=30s&wait=0s&source=filing", 503, Codes.SourceLate, "filing")]
    [InlineData("/api/v1/records/finance.agency/finance:A1?minFreshness=30s&wait=0s", 503, Codes.SourceLate, "finance")]
    [InlineData("/api/v1/dead-letters?size=0", 400, Codes.QueryValue, "size")]
    public async Task A_wrong_request_is_a_problem_with_a_code_and_what_to_do(string path, int status, string code, string place)
    {
        var problem = await server.GetAsync(path, status);
        Assert.Equal(
            (code, place, status, $"urn:hub:{code}"),
            (problem.GetProperty("code").GetString(), problem.GetProperty("place").GetString(), problem.GetProperty("status").GetInt32(), problem.GetProperty("type").GetString()));
        Assert.All(["title", "detail", "suggestion", "traceId"], name => Assert.NotEmpty(problem.GetProperty(name).GetString()!));
    }

    [Fact]
    public async Task A_search_text_of_Chinese_letters_may_be_as_long_as_any_other()
    {
        var longest = string.Concat(Enumerable.Repeat("%F0%A0%AE%B7", 500));
        await server.GetAsync($"/api/v1/search?q={longest}");
        Assert.Equal(Codes.QueryInvalid, (await server.GetAsync($"/api/v1/search?q={longest}%E5%AD%A6", 400)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Several_mistakes_are_told_in_one_problem()
        => Assert.Equal(2, (await server.GetAsync("/api/v1/search?bogus=1&size=x", 400)).GetProperty("findings").GetArrayLength());

    [Fact]
    public async Task A_source_that_failed_is_worth_asking_for_when_it_tries_again()
    {
        var sources = server.State.Sources;
        server.State.Sources = () => [.. sources().Select(source => source with { NextAttempt = TimeProvider.System.GetUtcNow().AddHours(2) })];
        using var response = await server.Http.GetAsync("/api/v1/search?minFreshness=30s&wait=0s&source=filing", TestContext.Current.CancellationToken);
        server.State.Sources = sources;
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.FromHours(1));
        Assert.Contains("It cannot go on: no connection. Look at the network.", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_is_not_possible_says_which_are()
    {
        using var response = await server.Http.PostAsync("/api/v1/search", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET"], response.Content.Headers.Allow);
        Assert.Contains(Codes.MethodNotAllowed, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_unexpected_failure_shows_nothing_of_the_exception()
    {
        server.Index.Failure = new InvalidOperationException("secret of the inside");
        var problem = await server.GetAsync("/api/v1/search", 500);
        Assert.Equal(Codes.Unexpected, problem.GetProperty("code").GetString());
        Assert.DoesNotContain("secret", problem.GetRawText());
        Assert.DoesNotContain("   at ", problem.GetRawText());
    }

    [Fact]
    public async Task A_refusal_by_the_index_keeps_its_code()
    {
        server.Index.Failure = new HubException(new Finding(Codes.QueryCursor, Severity.Error, "cursor", "the cursor is of another query.", "Start anew."));
        Assert.Equal(Codes.QueryCursor, (await server.GetAsync("/api/v1/search?cursor=x", 400)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_index_that_cannot_answer_just_now_is_503_so_that_callers_ask_again()
    {
        server.Index.Failure = new HubException(new Finding(Codes.EngineFailed, Severity.Error, "http://engine/", "a search was answered without 1 shards.", "Hub tries again.")) { IsTransient = true };
        Assert.Equal(Codes.EngineFailed, (await server.GetAsync("/api/v1/search", 503)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Ready_says_why_not()
    {
        server.State.NotReady = () => new Finding(Codes.NotReady, Severity.Error, "index", "the index is being opened.", "Wait a moment.");
        var problem = await server.GetAsync("/health/ready", 503);
        server.State.NotReady = () => null;
        Assert.Equal(Codes.NotReady, problem.GetProperty("code").GetString());
        Assert.Equal("ready", (await server.GetAsync("/health/ready")).GetProperty("status").GetString());
        Assert.Equal("live", (await server.GetAsync("/health/live")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_name_that_another_site_points_at_this_machine_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/search") { Headers = { Host = "evil.example" } };
        using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(Problem.ContentType, response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8320")]
    [InlineData("http://192.168.1.5:8320")]
    [InlineData("http://hub.example:8320")]
    [InlineData("http://[::]:8320")]
    public void Hub_refuses_to_listen_where_other_machines_reach_it(string address)
    {
        var failure = Assert.Throws<HubException>(() => Composition.Build(new HubOptions { Address = new(address) }, _ => { }));
        Assert.Equal(Codes.SettingInvalid, failure.Findings[0].Code);
    }
}
