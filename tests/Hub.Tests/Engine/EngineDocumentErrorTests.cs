using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Tests.Fixtures.Engine;
using Xunit;
using static Hub.Tests.Fixtures.Engine.RecordedErrors;

namespace Hub.Tests.Engine;

/// <summary>What the engine may say of one document in a bulk request, and how it ends: the other documents are written in every case.</summary>
public sealed class EngineDocumentErrorTests : EngineTest
{
    [Theory]
    [InlineData(400, MapperParsing, "failed to parse field [n] of type [long]")]
    [InlineData(400, MapperParsing, "For input string")]
    [InlineData(400, DocumentParsing, "object mapping for [hello]")]
    [InlineData(400, StrictMapping, "dynamic introduction of [zz]")]
    [InlineData(400, ImmenseTerm, "immense term")]
    [InlineData(413, MapperParsing, "mapper_parsing_exception")]
    public async Task A_document_that_the_engine_cannot_hold_is_refused_with_the_reason(int status, string error, string reason)
    {
        var index = await OpenAsync();
        Engine.Refuse("s:bad", status, error);
        var outcomes = await WriteAsync(index, Put("a"), Put("bad"), Put("b"));
        Assert.Equal([WriteOutcome.Applied, WriteOutcome.Applied], [outcomes[0], outcomes[2]]);
        Assert.Contains(reason, Assert.IsType<WriteOutcome.Rejected>(outcomes[1]).Reason);
        Assert.Equal(["s:a", "s:b"], Held);
        Assert.Single(Engine.Bulks);
    }

    [Fact]
    public async Task A_document_that_is_newer_in_the_engine_is_stale()
    {
        var index = await OpenAsync();
        await WriteAsync(index, Put("a", 5));
        Assert.Equal([WriteOutcome.Stale, WriteOutcome.Applied, WriteOutcome.Applied], await WriteAsync(index, Put("a", 4), Put("a", 5), Put("b", 1)));
        Engine.Refuse("s:c", 409, Conflict);
        Assert.Equal([WriteOutcome.Stale], await WriteAsync(index, Put("c")));
    }

    [Theory]
    [InlineData(429, Rejected)]
    [InlineData(429, RejectedOpenSearch)]
    [InlineData(429, CircuitBreaker)]
    [InlineData(503, UnavailableShards)]
    [InlineData(503, NoMaster)]
    [InlineData(404, ShardMoved)]
    [InlineData(500, """{"type":"process_cluster_event_timeout_exception","reason":"failed to process cluster event (put-mapping) within 30s"}""")]
    public async Task What_the_engine_is_too_busy_for_is_sent_again_and_nothing_else_is(int status, string error)
    {
        var index = await OpenAsync();
        Engine.Refuse("s:busy", status, error, times: 2);
        Assert.All(await WriteAsync(index, Put("a"), Put("busy"), Put("b")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal([3, 1, 1], Engine.Bulks.Select(bulk => bulk.Documents));
        Assert.Equal(["s:a", "s:b", "s:busy"], Held);
    }

    [Theory]
    [InlineData(429, FullDisk429, Codes.EngineBlocked, true, "a disk is full")]
    [InlineData(403, FullDisk403, Codes.EngineBlocked, true, "read_only_allow_delete")]
    [InlineData(403, WriteBlock, Codes.EngineBlocked, true, "Hub tries again")]
    [InlineData(400, IndexClosed, Codes.EngineBlocked, true, "_open")]
    [InlineData(404, IndexMissing, Codes.EngineIndexMissing, true, "fills them from the log")]
    [InlineData(500, NodeLost, Codes.EngineFailed, true, "Hub tries again")]
    [InlineData(0, NodeLost, Codes.EngineFailed, true, "Hub tries again")]
    [InlineData(403, NotAllowed, Codes.EngineLoginRefused, false, "Give the user the rights")]
    [InlineData(418, NodeLost, Codes.EngineRefused, false, "log of the engine")]
    public async Task What_is_wrong_with_the_index_is_told_and_stays_in_the_log_until_it_is_mended(int status, string error, string code, bool isTransient, string advice)
    {
        var index = await OpenAsync();
        Engine.Refuse("s:b", status, error);
        var finding = await FailAsync(index, isTransient, Put("a"), Put("b"), Put("c"));
        Assert.Equal(code, finding.Code);
        Assert.Contains(advice, finding.Suggestion);
        Assert.DoesNotContain("s:b", Held);

        Engine.Mend();
        Assert.All(await WriteAsync(index, Put("a"), Put("b"), Put("c")), outcome => Assert.Equal(WriteOutcome.Applied, outcome));
        Assert.Equal(["s:a", "s:b", "s:c"], Held);
    }

    [Fact]
    public async Task A_copy_that_missed_a_write_is_the_engines_to_mend_and_the_document_is_written()
    {
        var index = await OpenAsync();
        Engine.AnswerBulk(200, """
            {"took":3,"errors":false,"items":[{"index":{"_index":"p-1","_id":"s:a","_version":1,"result":"created",
            "_shards":{"total":2,"successful":1,"failed":1,"failures":[{"_index":"p-1","_shard":0,"status":"INTERNAL_SERVER_ERROR","primary":false,"reason":{"type":"node_disconnected_exception","reason":"gone"}}]},
            "_seq_no":7,"_primary_term":1,"status":201}}]}
            """);
        Assert.Equal([WriteOutcome.Applied], await WriteAsync(index, Put("a")));
    }

    [Fact]
    public async Task A_subject_whose_index_is_gone_is_told_and_no_other_index_is_made_in_its_place()
    {
        var index = await OpenAsync();
        Assert.All(Engine.Calls.Where(call => call.Path == "/_bulk"), call => Assert.Contains("require_alias=true", call.Query));
        Engine.Refuse("s:a", 404, IndexMissing, times: 1);
        var finding = await FailAsync(index, isTransient: true, Put("a"));
        Assert.Equal(Codes.EngineIndexMissing, finding.Code);
        Assert.Contains("require_alias=true", Assert.Single(Engine.Bulks).Query);
    }
}
