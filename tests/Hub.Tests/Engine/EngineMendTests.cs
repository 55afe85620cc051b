using System.Text.Json.Nodes;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Hub.Index.Elasticsearch;
using Hub.Tests.Core;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Engine;

/// <summary>What an operator or a full disk does to the indices of a real engine while Hub writes: told, and equal to the log once it is mended.</summary>
[Trait("needs", "engine")]
public sealed class EngineMendTests(EngineFixture engine) : PipelineParts, IAsyncLifetime
{
    private static readonly TopicPartition Place = new(Things.Subject, 0);
    private static readonly string[] Topics = [Things.Subject, DeadLetterBook.Topic];

    private readonly string prefix = EngineFixture.Prefix();
    private string address = "";

    private string IndexName => $"{prefix}test.thing-1";

    public async ValueTask InitializeAsync() => address = await engine.AddressAsync(Cancel);

    public override async ValueTask DisposeAsync()
    {
        if (address.Length > 0)
            await engine.ClearAsync(prefix);
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData("index.blocks.read_only_allow_delete")]
    [InlineData("index.blocks.read_only")]
    [InlineData("index.blocks.write")]
    public async Task An_index_that_takes_no_writes_gets_them_when_it_does_again(string block)
    {
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await AppendAsync(version: 1);
        await AssertEqualAsync(index);
        await SetAsync(block, true);
        await AppendAsync(version: 2);
        await FailedAsync(sink, Codes.EngineBlocked);
        await SetAsync(block, null);
        await AssertEqualAsync(index);
    }

    [Fact]
    public async Task A_closed_index_is_told_by_writes_and_searches_and_gets_its_documents_when_it_is_open()
    {
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await AppendAsync(version: 1);
        await AssertEqualAsync(index);
        await engine.AskAsync(HttpMethod.Post, $"{IndexName}/_close", null, Cancel);
        await AppendAsync(version: 2);
        await FailedAsync(sink, Codes.EngineBlocked);
        var failure = await Assert.ThrowsAsync<HubException>(() => index.SearchAsync(new() { Subjects = [Things.Subject] }, Cancel).AsTask());
        Assert.Equal(Codes.EngineBlocked, failure.Findings[0].Code);
        await engine.AskAsync(HttpMethod.Post, $"{IndexName}/_open", null, Cancel);
        await AssertEqualAsync(index);
    }

    [Fact]
    public async Task A_deleted_index_is_told_and_not_made_anew_and_when_all_are_deleted_the_log_fills_them()
    {
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await AppendAsync(version: 1);
        await AssertEqualAsync(index);
        await engine.AskAsync(HttpMethod.Delete, IndexName, null, Cancel);
        await AppendAsync(version: 2);
        await FailedAsync(sink, Codes.EngineIndexMissing);
        Assert.DoesNotContain(IndexName, await engine.IndicesAsync(prefix, Cancel));

        await engine.ClearAsync(prefix);
        await AssertEqualAsync(index);
    }

    [Fact]
    public async Task Where_somebody_made_the_index_otherwise_every_document_is_a_dead_letter()
    {
        await using (var first = OpenEngine())
            await first.AttachAsync(await LogIdentity.ReadAsync(Log, Cancel), Cancel);
        // With a mapping that has no room for what Hub writes.
        await engine.AskAsync(HttpMethod.Delete, IndexName, null, Cancel);
        await engine.AskAsync(HttpMethod.Put, IndexName, new JsonObject
        {
            ["mappings"] = JsonNode.Parse("""{"dynamic":"strict","properties":{"@id":{"type":"long"}}}"""), ["aliases"] = new JsonObject { [$"{IndexName}-write"] = new JsonObject() },
        }, Cancel);
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await AppendAsync(version: 1);
        await Wait.UntilAsync("all are dead letters", async () => (await LettersAsync()).Count == Count, () => "fewer", Cancel);
        Assert.Empty(sink.Failures);
    }

    [Theory]
    [InlineData(2 * 1024 * 1024, true)]
    [InlineData(60 * 1024 * 1024, false)]
    public async Task A_document_of_any_size_is_written_or_refused_and_the_next_is_written(int characters, bool isHeld)
    {
        await using var index = OpenEngine();
        await index.AttachAsync("log", Cancel);
        var batch = new LogBatch();
        Things.Add(batch, Catalog, Place, "huge", new string('a', characters));
        Things.Add(batch, Catalog, Place, "next", "二");
        var outcomes = new List<WriteOutcome>();
        await index.WriteAsync(batch, outcomes, Cancel);
        Assert.Equal((isHeld, true), (outcomes[0] == WriteOutcome.Applied, outcomes[1] == WriteOutcome.Applied));
        if (!isHeld)
            Assert.Contains("http.max_content_length", Assert.IsType<WriteOutcome.Rejected>(outcomes[0]).Reason);
    }

    private const int Count = 50;

    private ElasticsearchIndex OpenEngine() => new(new() { Url = address, Prefix = prefix, BulkCount = 20 }, Catalog);

    private RestartedSink Run(ElasticsearchIndex index)
        => new(() => new IndexSink(Log, index, DeadLetters, Freshness, new() { Partitions = 1 }, Clock, NullLogger<IndexSink>.Instance), Topics, Cancel);

    private Task SetAsync(string setting, bool? value) => engine.AskAsync(HttpMethod.Put, $"{IndexName}/_settings", new JsonObject { [setting] = value }, Cancel);

    private static Task FailedAsync(RestartedSink sink, string code)
        => Wait.UntilAsync($"it fails with {code}", () => sink.Failures.Any(finding => finding.Code == code), () => string.Join("; ", sink.Failures), Cancel);

    private async Task AppendAsync(int version)
    {
        await Log.EnsureTopicAsync(Things.Subject, 1, Cancel);
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        var batch = new LogBatch();
        for (var i = 0; i < Count; i++)
            Things.Add(batch, Catalog, Place, $"{i}", (i + version) % 7 == 0 ? null : $"第{i}次{version}", version);
        await Log.AppendAsync(batch, null, Cancel);
    }

    private async Task<Dictionary<string, (long Version, byte[] Value)>> LettersAsync()
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], Cancel)).Live(DeadLetterBook.Topic, Things.Source);

    /// <summary>Waits until the index holds of each key what the log has as its newest.</summary>
    private async Task AssertEqualAsync(ElasticsearchIndex index)
    {
        var log = (await LogState.ReadAsync(Log, [Things.Subject], Cancel)).Live(Things.Subject, Things.Source);
        var seen = "";
        await Wait.UntilAsync("log and index are equal", async () =>
        {
            try
            {
                await index.RefreshAsync(Cancel);
                var held = new List<StoredDocument>();
                await foreach (var document in index.ScanAsync(Things.Subject, null, Cancel))
                    held.Add(document);
                seen = $"{held.Count} of {log.Count}";
                return held.Count == log.Count && held.All(document => log.TryGetValue(document.Id, out var entry) && entry.Version == document.Version && document.Value.Span.SequenceEqual(entry.Value));
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                seen = failure.Message;
                return false;
            }
        }, () => seen, Cancel);
        Assert.Empty(await LettersAsync());
    }
}
