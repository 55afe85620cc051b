using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Sinks;
using Hub.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The loop from the log to the index, on a real log and a real index.</summary>
public sealed class IndexSinkTests : PipelineParts
{
    private static readonly TopicPartition Place = new(Things.Subject, 0);
    private static readonly string[] Topics = [Things.Subject, DeadLetterBook.Topic];
    private static readonly byte[] OfNoSchema = [0, 0, 0, 0, 99, 1];

    [Fact]
    public async Task A_refused_document_is_a_dead_letter_before_the_place_in_the_log_passes_it()
    {
        await AppendAsync(batch =>
        {
            Things.Add(batch, Place, "bad", OfNoSchema, version: 5);
            Things.Add(batch, Catalog, Place, "good", "好", version: 6);
        });
        await using var index = OpenIndex();
        await using var sink = Run(index);

        // The clock stands still, so no commit is due; the letter is in the log all the same.
        await Wait.UntilAsync("the letter is in the log", async () => (await LettersAsync()).Count == 1, () => "none", Cancel);
        Assert.All(await Log.ReadLagAsync("index", Cancel), lag => Assert.Equal(0, lag.Committed));
        Assert.True(index.DurableOffsets.GetValueOrDefault(Place) == 0);
        Assert.Equal(1, DeadLetters.CountOpen(Things.Source));

        await AdvanceUntilAsync("the group has committed", async () => (await Log.ReadLagAsync("index", Cancel)).Sum(lag => lag.Lag) == 0, TimeSpan.FromSeconds(5));
        Assert.NotNull(await index.GetAsync(Things.Subject, "things:good", Cancel));
        var letter = ExpectedRecord.Of(Catalog, (await index.GetAsync(DeadLetterBook.Topic, "things:test.thing:bad", Cancel))!.Value.Span);
        Assert.Equal(("index-rejected", "open", "5", $"{Place}@0", $"\"{Convert.ToBase64String(OfNoSchema)}\""), (letter["reason"], letter["state"], letter["version"], letter["position"], letter["record"]));
        Assert.Contains("No schema has the id 99", letter["detail"]);
    }

    [Fact]
    public async Task A_search_finds_all_that_the_moment_of_completeness_promises()
    {
        await using var index = OpenIndex();
        await using var sink = Run(index);
        Freshness.Register(Things.Source);
        var ends = await AppendAsync(batch => Things.Add(batch, Catalog, Place, "a", "端午"));
        Freshness.Written(Things.Source, Clock.GetUtcNow(), ends);
        var moment = Clock.GetUtcNow();
        await AdvanceUntilAsync("the source is complete", async () =>
        {
            // Asked in this order, as the API does: what is promised first must be found afterwards.
            var promised = Freshness.AsOf(Things.Source) is not null;
            var found = (await index.SearchAsync(new() { Text = "端午" }, Cancel)).Total;
            Assert.True(found == 1 || !promised, "promised and not found");
            return promised;
        }, TimeSpan.FromMilliseconds(20));
        Assert.Equal(moment, Freshness.AsOf(Things.Source));
    }

    [Fact]
    public async Task An_empty_index_is_filled_from_the_beginning_whatever_the_group_had_read()
    {
        await AppendAsync(batch => Things.Add(batch, Catalog, Place, "a", "一"));
        await using (var index = OpenIndex())
        await using (Run(index))
            await AdvanceUntilAsync("the group has committed", async () => (await Log.ReadLagAsync("index", Cancel)).Sum(lag => lag.Committed) == 1, TimeSpan.FromSeconds(5));

        Directory.Delete(IndexFolder, recursive: true);
        await using var anew = OpenIndex();
        await using var again = Run(anew);
        await AdvanceUntilAsync("the document is back", async () => await anew.GetAsync(Things.Subject, "things:a", Cancel) is not null, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task After_a_crash_between_the_two_commits_the_index_alone_says_where_to_go_on()
    {
        // Indexed and committed by a sink that was killed before the group's place was saved. Were it read again, it would be refused now.
        var ends = await AppendAsync(batch => Things.Add(batch, Place, "once", OfNoSchema));
        await using (var killed = OpenIndex())
            await killed.CommitAsync(ends, Cancel);
        await AppendAsync(batch => Things.Add(batch, Catalog, Place, "next", "二"));

        await using var index = OpenIndex();
        await using var sink = Run(index);
        await AdvanceUntilAsync("the group has caught up", async () => (await Log.ReadLagAsync("index", Cancel)).Sum(lag => lag.Committed) == 2, TimeSpan.FromSeconds(5));
        Assert.NotNull(await index.GetAsync(Things.Subject, "things:next", Cancel));
        Assert.Empty(await LettersAsync());
    }

    [Fact]
    public async Task What_was_written_and_not_committed_is_written_again_after_a_crash()
    {
        await AppendAsync(batch =>
        {
            Things.Add(batch, Catalog, Place, "a", "旧", version: 1);
            Things.Add(batch, Catalog, Place, "a", "新", version: 2);
            Things.Add(batch, Catalog, Place, "b", "旧", version: 1);
            Things.Add(batch, Catalog, Place, "b", name: null, version: 2);
        });
        await using (var killed = OpenIndex())
        {
            var batch = new LogBatch();
            await using var reader = await Log.OpenReaderAsync("killed", Topics, null, Cancel);
            await reader.ReadAsync(batch, 1024 * 1024, Timeout.InfiniteTimeSpan, Cancel);
            await killed.WriteAsync(batch, [], Cancel);
            await killed.RefreshAsync(Cancel);
        }

        await using var index = OpenIndex();
        await using var sink = Run(index);
        await AdvanceUntilAsync("all is searchable", async () => (await index.CountAsync(Cancel)).Any(count => count.Subject == Things.Subject && count.DeleteMarkers == 1), TimeSpan.FromMilliseconds(100));
        Assert.Equal(2, (await index.GetAsync(Things.Subject, "things:a", Cancel))!.Version);
        Assert.Null(await index.GetAsync(Things.Subject, "things:b", Cancel));
        Assert.Equal(1, (await index.SearchAsync(new(), Cancel)).Total);
    }

    private RunningSink Run(IIndex index)
        => new(new IndexSink(Log, index, DeadLetters, Freshness, new() { Partitions = 1 }, Clock, NullLogger<IndexSink>.Instance));

    private async Task<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(Action<LogBatch> fill)
    {
        await Log.EnsureTopicAsync(Things.Subject, 1, Cancel);
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        var batch = new LogBatch();
        fill(batch);
        return await Log.AppendAsync(batch, null, Cancel);
    }

    private async Task<Dictionary<string, (long Version, byte[] Value)>> LettersAsync()
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], Cancel)).Live(DeadLetterBook.Topic, Things.Source);

    private sealed class RunningSink : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        private readonly Task running;

        public RunningSink(IndexSink sink) => running = sink.RunAsync(Topics, stop.Token);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            stop.Dispose();
        }
    }
}
