using System.Globalization;
using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Hub.Index.Elasticsearch;
using Hub.Tests.Core;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Hub.Tests.Fixtures.Engine.RecordedErrors;

namespace Hub.Tests.Engine;

/// <summary>The way from a real log to an engine that a test scripts: what the engine says of documents and requests, and what the log and the engine hold in the end.</summary>
public sealed class EngineSinkTests : PipelineParts, IAsyncLifetime
{
    private const string IndexName = "p-test.thing-1";
    private static readonly TopicPartition Place = new(Things.Subject, 0);
    private static readonly string[] Topics = [Things.Subject, DeadLetterBook.Topic];

    private ScriptedEngine engine = null!;

    public async ValueTask InitializeAsync() => engine = await ScriptedEngine.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(400, MapperParsing)]
    [InlineData(400, DocumentParsing)]
    [InlineData(400, StrictMapping)]
    [InlineData(400, ImmenseTerm)]
    public async Task A_document_that_the_engine_refuses_is_a_dead_letter_and_the_others_are_written(int status, string error)
    {
        await AppendAsync(batch =>
        {
            for (var i = 0; i < 20; i++)
                Things.Add(batch, Catalog, Place, $"{i}", $"第{i}", version: 7);
        });
        engine.Refuse("things:11", status, error);
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await Wait.UntilAsync("the letter is in the log", async () => (await LettersAsync()).Count == 1, () => "none", Cancel);

        var (id, letter) = Assert.Single(await LettersAsync());
        Assert.Equal("things:test.thing:11", id);
        var fields = ExpectedRecord.Of(Catalog, letter.Value);
        Assert.Equal(("index-rejected", "open", "7", $"{Place}@11"), (fields["reason"], fields["state"], fields["version"], fields["position"]));
        Assert.Contains(error.Split('"')[3], fields["detail"]);
        Assert.Equal(19, engine.Documents(IndexName).Count);
        Assert.Empty(sink.Failures);
    }

    [Theory]
    [InlineData(429, FullDisk429)]
    [InlineData(403, FullDisk403)]
    [InlineData(400, IndexClosed)]
    [InlineData(404, IndexMissing)]
    [InlineData(500, NodeLost)]
    public async Task What_the_engine_cannot_write_stays_in_the_log_until_it_can(int status, string error)
    {
        await AppendAsync(batch => Fill(batch, version: 1));
        engine.Refuse("things:3", status, error);
        await using var index = OpenEngine();
        await using var sink = Run(index);
        await Wait.UntilAsync("it has failed twice", () => sink.Failures.Count >= 2, () => $"{sink.Failures.Count}", Cancel);
        // The clock stands still: what is committed is what a failure would let pass.
        Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.All(await Log.ReadLagAsync(Group(index), Cancel), lag => Assert.Equal(0, lag.Committed));

        engine.Mend();
        await AssertEqualAsync();
        Assert.Empty(await LettersAsync());
    }

    [Fact]
    public async Task Whatever_the_engine_answers_to_a_third_of_all_requests_the_log_and_the_engine_are_equal_in_the_end()
    {
        var random = new Random(20260301);
        EngineReply[] faults =
        [
            new(429, Whole(429, Rejected)), new(429, Whole(429, RejectedOpenSearch)) { IsDone = true }, new(503, Whole(503, NoMaster)), new(500, Whole(500, NodeLost)) { IsDone = true },
            EngineReply.Reset, EngineReply.Reset with { IsDone = true }, new(200, "<html>log in</html>"), new(429, Whole(429, FullDisk429)),
            new(200, """{"took":30,"errors":false,"items":[{"index":{"_index":"p-1""") { IsDone = true }, new(200, """{"items":[]}""") { CutAfter = 5, IsDone = true },
        ];
        engine.Fault = call => random.Next(10) < 3 ? faults[random.Next(faults.Length)] : null;
        await using var index = OpenEngine();
        await using var sink = Run(index);
        for (var round = 1; round <= 10; round++)
        {
            await AppendAsync(batch => Fill(batch, version: round));
            foreach (var id in new[] { "3", "17", "40" })
                engine.Refuse($"things:{id}", 429, Rejected, times: random.Next(3));
        }

        await AssertEqualAsync();
        Assert.NotEmpty(sink.Failures);
        Assert.Empty(await LettersAsync());
    }

    private void Fill(LogBatch batch, int version)
    {
        for (var i = 0; i < 50; i++)
            Things.Add(batch, Catalog, Place, string.Create(CultureInfo.InvariantCulture, $"{i}"), (i + version) % 7 == 0 ? null : $"第{i}次{version}", version);
    }

    private ElasticsearchIndex OpenEngine() => new(new() { Url = engine.Address.ToString(), Prefix = "p-", BulkCount = 20 }, Catalog);

    private string Group(ElasticsearchIndex index) => new IndexSink(Log, index, DeadLetters, Freshness, new(), Clock, NullLogger<IndexSink>.Instance).Group;

    private RestartedSink Run(ElasticsearchIndex index)
        => new(() => new IndexSink(Log, index, DeadLetters, Freshness, new() { Partitions = 1 }, Clock, NullLogger<IndexSink>.Instance), Topics, Cancel);

    private async Task AppendAsync(Action<LogBatch> fill)
    {
        await Log.EnsureTopicAsync(Things.Subject, 1, Cancel);
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        var batch = new LogBatch();
        fill(batch);
        await Log.AppendAsync(batch, null, Cancel);
    }

    private async Task<Dictionary<string, (long Version, byte[] Value)>> LettersAsync()
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], Cancel)).Live(DeadLetterBook.Topic, Things.Source);

    /// <summary>Waits until the engine holds of each key what the log has as its newest.</summary>
    private async Task AssertEqualAsync()
    {
        var log = (await LogState.ReadAsync(Log, [Things.Subject], Cancel)).Live(Things.Subject, Things.Source);
        var seen = "";
        await Wait.UntilAsync("log and engine are equal", () =>
        {
            var live = engine.Documents(IndexName).Where(pair => pair.Value.Value is not null).ToList();
            seen = $"{live.Count} of {log.Count}";
            return live.Count == log.Count && live.All(pair => log.TryGetValue(pair.Key, out var entry) && entry.Version == pair.Value.Version && entry.Value.AsSpan().SequenceEqual(pair.Value.Value));
        }, () => seen, Cancel);
    }
}
