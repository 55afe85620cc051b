using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Engine;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static Hub.Tests.Fixtures.Engine.RecordedErrors;

namespace Hub.Tests.Engine;

/// <summary>What may become of a whole bulk request, and how it ends.</summary>
public sealed class EngineRequestErrorTests : EngineTest
{
    private const string NoAnswer = "<html><body><h1>502 Bad Gateway</h1></body></html>";

    [Fact]
    public async Task A_request_that_is_too_large_is_split_until_it_is_not()
    {
        var index = await OpenAsync();
        Engine.AnswerBulk(413, times: 3);
        Assert.All(await WriteAsync(index, [.. Enumerable.Range(0, 5).Select(i => Put($"{i}"))]), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal([5, 3, 2, 1, 1, 1, 2], Engine.Bulks.Select(bulk => bulk.Documents));
        Assert.Equal(5, Held.Length);
    }

    [Fact]
    public async Task A_document_that_is_too_large_alone_is_refused()
    {
        var index = await OpenAsync();
        // All three; the first two; the first; the second goes, and the third.
        Engine.AnswerBulk(413, times: 3);
        var outcomes = await WriteAsync(index, Put("huge"), Put("b"), Put("c"));
        Assert.Contains("http.max_content_length", Assert.IsType<WriteOutcome.Rejected>(outcomes[0]).Reason);
        Assert.Equal([WriteOutcome.Applied, WriteOutcome.Applied], outcomes[1..]);
        Assert.Equal(["s:b", "s:c"], Held);
    }

    [Theory]
    [InlineData(429, Rejected)]
    [InlineData(503, UnavailableShards)]
    [InlineData(503, NoMaster)]
    [InlineData(504, "{}")]
    public async Task A_request_that_the_engine_is_too_busy_for_is_sent_again(int status, string error)
    {
        var index = await OpenAsync();
        Engine.AnswerBulk(status, Whole(status, error), times: 5);
        Assert.All(await WriteAsync(index, Put("a"), Put("b")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal(6, Engine.Bulks.Count);
        Assert.Equal(["s:a", "s:b"], Held);
    }

    [Theory]
    [InlineData(429, FullDisk429, Codes.EngineBlocked, true)]
    [InlineData(403, FullDisk403, Codes.EngineBlocked, true)]
    [InlineData(400, IndexClosed, Codes.EngineBlocked, true)]
    [InlineData(404, IndexMissing, Codes.EngineIndexMissing, true)]
    [InlineData(500, NodeLost, Codes.EngineFailed, true)]
    [InlineData(408, NodeLost, Codes.EngineFailed, true)]
    [InlineData(401, NotAllowed, Codes.EngineLoginRefused, false)]
    [InlineData(403, NotAllowed, Codes.EngineLoginRefused, false)]
    [InlineData(406, """{"type":"media_type_header_exception","reason":"Content-Type header is not supported"}""", Codes.EngineRefused, false)]
    public async Task A_request_that_is_refused_is_told_and_stays_in_the_log_until_that_is_mended(int status, string error, string code, bool isTransient)
    {
        var index = await OpenAsync();
        Engine.AnswerBulk(status, Whole(status, error));
        Assert.Equal(code, (await FailAsync(index, isTransient, Put("a"), Put("b"))).Code);
        Assert.Empty(Held);
        await WriteAsync(index, Put("a"), Put("b"));
        Assert.Equal(["s:a", "s:b"], Held);
    }

    [Theory]
    [InlineData("<html><body>Please log in</body></html>")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"items":[{"index":{"status":201}},{"index":{"sta""")]
    [InlineData("""{"items":[{"index":{"status":201}}]}""")]
    [InlineData("""{"items":[{"index":{"status":201}},{"index":{}}]}""")]
    [InlineData("""{"items":[{"index":{"status":201}},{"index":{"status":"ok"}}]}""")]
    [InlineData("""{"items":[{"index":{"status":201}},{"index":{"status":400.5,"error":{"type":7,"reason":{}}}}]}""")]
    [InlineData("""{"items":[{},{}]}""")]
    [InlineData("""{"items":null}""")]
    public async Task An_answer_that_does_not_tell_what_became_of_every_document_counts_for_none(string body)
    {
        var index = await OpenAsync();
        Engine.AnswerBulk(200, body);
        Assert.Equal(Codes.EngineFailed, (await FailAsync(index, isTransient: true, Put("a"), Put("b"))).Code);
        Assert.All(await WriteAsync(index, Put("a"), Put("b")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal(["s:a", "s:b"], Held);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_breaks_in_the_middle_of_a_request_or_of_its_answer_is_tried_again(bool isDone)
    {
        var index = await OpenAsync();
        Engine.Answer("_bulk", EngineReply.Reset with { IsDone = isDone });
        Engine.Answer("_bulk", new(200, """{"items":[{"index":{"status":201}},{"index":{"status":201}}]}""") { CutAfter = 20, IsDone = isDone });
        Assert.All(await WriteAsync(index, Put("a"), Put("b")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal(3, Engine.Bulks.Count);
        Assert.Equal(["s:a", "s:b"], Held);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(20)]
    public async Task An_answer_that_does_not_come_or_not_to_its_end_in_time_is_told(int? cutAfter)
    {
        var index = await OpenAsync(Options with { Timeout = TimeSpan.FromMilliseconds(500) });
        var never = new TaskCompletionSource();
        Engine.Answer("_bulk", new(200, """{"items":[{"index":{"status":201}}]}""") { CutAfter = cutAfter, Until = never.Task });
        var finding = await FailAsync(index, isTransient: true, Put("a"));
        Assert.Equal(Codes.EngineUnreachable, finding.Code);
        Assert.Contains("does not answer in time", finding.Message);
        Assert.Single(Engine.Bulks);
        Assert.Contains("timeout=250ms", Engine.Bulks[0].Query);
        never.SetResult();
        Assert.Equal([WriteOutcome.Applied], await WriteAsync(index, Put("a")));
    }

    [Fact]
    public async Task An_engine_that_takes_nothing_for_a_minute_is_told_with_its_reason()
    {
        var clock = new FakeTimeProvider();
        var index = await OpenAsync(Options with { Time = clock, Timeout = TimeSpan.FromDays(1) });
        Engine.Refuse("s:b", 429, Rejected);
        var failing = FailAsync(index, isTransient: true, Put("a"), Put("b"));
        await AdvanceUntilDoneAsync(clock, failing);
        var finding = await failing;
        Assert.Equal(Codes.EngineFailed, finding.Code);
        Assert.Contains("es_rejected_execution_exception", finding.Message);
        Assert.Equal(["s:a"], Held);
        // Longer and longer pauses, not a storm: a hundred would be more than one a second.
        Assert.InRange(Engine.Bulks.Count, 5, 100);
    }

    [Fact]
    public async Task One_that_takes_a_little_each_time_is_not_given_up()
    {
        var clock = new FakeTimeProvider();
        var index = await OpenAsync(Options with { Time = clock, Timeout = TimeSpan.FromDays(1) });
        for (var i = 0; i < 20; i++)
            Engine.Refuse($"s:{i}", 429, Rejected, times: i * 4);
        var writing = WriteAsync(index, [.. Enumerable.Range(0, 20).Select(i => Put($"{i}"))]);
        await AdvanceUntilDoneAsync(clock, writing);
        Assert.All(await writing, outcome => Assert.Equal(WriteOutcome.Applied, outcome));
    }

    [Fact]
    public async Task The_pause_that_is_asked_for_is_made_but_not_for_an_hour()
    {
        var clock = new FakeTimeProvider();
        var index = await OpenAsync(Options with { Time = clock, Timeout = TimeSpan.FromDays(1) });
        Engine.Answer("_bulk", new(429, Whole(429, Rejected)) { RetryAfter = 3600 });
        Engine.Answer("_bulk", new(503, NoAnswer) { RetryAfter = 3600 });
        var began = clock.GetUtcNow();
        var writing = WriteAsync(index, Put("a"));
        await AdvanceUntilDoneAsync(clock, writing);
        Assert.Equal([WriteOutcome.Applied], await writing);
        Assert.InRange(clock.GetUtcNow() - began, TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task After_a_failed_write_nothing_of_it_runs_on_into_the_next()
    {
        var index = await OpenAsync(Options with { BulkCount = 1 });
        Engine.Refuse("s:blocked", 403, WriteBlock);
        Engine.Refuse("s:busy", 429, Rejected);
        // The first is sent again for ever, the second ends the write all the same.
        Assert.Equal(Codes.EngineBlocked, (await FailAsync(index, isTransient: true, Put("busy"), Put("blocked"), Put("c"), Put("d"))).Code);
        Engine.Mend();
        var before = Engine.Bulks.Count;
        Assert.Equal([WriteOutcome.Applied, WriteOutcome.Applied], await WriteAsync(index, Put("x"), Put("y")));
        Assert.Equal(before + 2, Engine.Bulks.Count);
    }

    [Fact]
    public async Task A_write_that_is_given_up_leaves_room_for_the_next()
    {
        var index = await OpenAsync(Options with { BulkCount = 1, Concurrency = 1 });
        var never = new TaskCompletionSource();
        Engine.Answer("_bulk", new(200) { Until = never.Task });
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var writing = index.WriteAsync(IndexRecords.Batch(Put("a"), Put("b"), Put("c")), [], giveUp.Token).AsTask();
        await Wait.UntilAsync("a request is under way", () => Engine.Bulks.Count == 1, () => "none", Cancel);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.All(await WriteAsync(index, Put("a"), Put("b"), Put("c")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
    }

    [Fact]
    public async Task Requests_are_bounded_by_count_and_by_bytes_and_so_many_at_once()
    {
        var index = await OpenAsync(Options with { BulkCount = 10, Concurrency = 3 });
        await WriteAsync(index, [.. Enumerable.Range(0, 95).Select(i => Put($"{i}"))]);
        Assert.Equal(95, Engine.Bulks.Sum(bulk => bulk.Documents));
        Assert.Equal(10, Engine.Bulks.Count);
        Assert.InRange(Engine.MostAtOnce, 1, 3);

        var small = await OpenAsync(Options with { BulkBytes = 64 * 1024 });
        var before = Engine.Bulks.Count;
        var entries = Enumerable.Range(0, 200).Select(i => Entry.Put($"s:{i}", 2, ("note", new string('注', 1000)))).ToArray();
        await WriteAsync(small, entries);
        var bodies = Engine.Bulks.Skip(before).Select(bulk => bulk.Body.Length).ToList();
        Assert.True(bodies.Count > 8, $"{bodies.Count} requests");
        Assert.All(bodies, length => Assert.InRange(length, 1, 64 * 1024 + 8 * 1024));
    }

    private static Task AdvanceUntilDoneAsync(FakeTimeProvider clock, Task task) => Wait.UntilAsync("it is done", () =>
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        return task.IsCompleted;
    }, () => "not yet", Cancel);
}
