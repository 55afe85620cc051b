using System.Collections.Concurrent;
using System.Text;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Log.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>Two Hubs that write one shared index from one log on Kafka.</summary>
public sealed class SharedSinkTests : IAsyncLifetime
{
    private const int Partitions = 4;
    private const int Records = 400;
    private static readonly DateTimeOffset Moment = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly ScratchFolder folder = new();
    private readonly TransactionalBroker broker = new();
    private readonly SharedIndex index = new();
    private SchemaCatalog catalog = null!;
    private KafkaLog log = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        catalog = Things.LoadCatalog(folder.At("schemas"));
        log = new(KafkaLogs.OptionsOf(broker));
        await log.EnsureTopicAsync(Things.Subject, Partitions, Cancel);
        await log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        await broker.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Two_sinks_share_the_partitions_and_each_knows_how_fresh_the_whole_index_is()
    {
        var (first, second) = (new Sink(this), new Sink(this));
        await using (first)
        {
            await using (second)
            {
                await AppendAsync("a", [first, second]);
                foreach (var sink in new[] { first, second })
                    await Wait.UntilAsync("all is searchable, as this one knows", () => sink.Freshness.AsOf(Things.Source) == Moment, () => $"{index.Count} records, as of {sink.Freshness.AsOf(Things.Source)}", Cancel);
                Assert.Equal(Records, index.Count);
                Assert.True(index.Writers >= 2, "one of them wrote everything");
            }

            // The one that is left has all partitions.
            await AppendAsync("b", [first]);
            await Wait.UntilAsync("the rest is written by one", () => index.Count == 2 * Records, () => $"{index.Count} records", Cancel);
            Assert.Empty(await first.Freshness.WaitAsync(await EndsAsync(), TimeSpan.FromSeconds(60), TimeProvider.System, Cancel));
        }
    }

    [Fact]
    public async Task What_one_of_them_wrote_the_other_can_wait_for()
    {
        var (first, second) = (new Sink(this), new Sink(this));
        await using (first)
        await using (second)
        {
            for (var round = 0; round < 5; round++)
            {
                await AppendAsync($"r{round}-", [first, second]);
                foreach (var sink in new[] { first, second })
                    Assert.Empty(await sink.Freshness.WaitAsync(await EndsAsync(), TimeSpan.FromSeconds(60), TimeProvider.System, Cancel));
                Assert.Equal((round + 1) * Records, index.Count);
            }
        }
    }

    private async Task<IReadOnlyDictionary<TopicPartition, long>> EndsAsync()
        => (await log.ReadEndsAsync([Things.Subject, DeadLetterBook.Topic], Cancel)).Where(end => end.Value > 0).ToDictionary();

    private async Task AppendAsync(string prefix, IReadOnlyList<Sink> sinks)
    {
        // Both are members before there is anything to read, so that both have their share.
        await Wait.UntilAsync("every sink has its partitions", () => sinks.Sum(sink => sink.Log.Share) == Partitions + 1 && sinks.All(sink => sink.Log.Share > 0), () => string.Join(", ", sinks.Select(sink => sink.Log.Share)), Cancel);
        var batch = new LogBatch();
        for (var i = 0; i < Records; i++)
            Things.Add(batch, catalog, new(Things.Subject, i % Partitions), $"{prefix}{i}", "名");
        var ends = await log.AppendAsync(batch, null, Cancel);
        foreach (var sink in sinks)
            sink.Freshness.Written(Things.Source, Moment, ends.Where(end => end.Key.Topic == Things.Subject).ToDictionary());
    }

    /// <summary>A process of its own: a log, a sink, and what it knows of freshness.</summary>
    private sealed class Sink : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        private readonly KafkaLog kafka;
        private readonly Task running;

        public Sink(SharedSinkTests test)
        {
            kafka = new(KafkaLogs.OptionsOf(test.broker));
            Log = new(kafka);
            var options = new IndexSinkOptions { Partitions = Partitions, RefreshInterval = TimeSpan.FromMilliseconds(20), CommitInterval = TimeSpan.FromHours(1), GroupInterval = TimeSpan.FromMilliseconds(50) };
            var sink = new IndexSink(Log, test.index.Of(this), new(test.catalog, TimeProvider.System), Freshness, options, TimeProvider.System, NullLogger<IndexSink>.Instance);
            running = sink.RunAsync([Things.Subject, DeadLetterBook.Topic], stop.Token);
        }

        public SharingLog Log { get; }

        public Freshness Freshness { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            stop.Dispose();
            await kafka.DisposeAsync();
        }
    }

    /// <summary>Tells how many partitions the reader has.</summary>
    private sealed class SharingLog(ILog inner) : ForwardingLog(inner)
    {
        private ILogReader? reader;

        public int Share => reader?.NextOffsets.Count ?? 0;

        public override async ValueTask<ILogReader> OpenReaderAsync(
            string group, IReadOnlyCollection<string> topics, IReadOnlyDictionary<TopicPartition, long>? start, CancellationToken cancellationToken)
            => reader = await base.OpenReaderAsync(group, topics, start, cancellationToken);
    }

    /// <summary>Keeps the newest version of each record, and no offsets.</summary>
    private sealed class SharedIndex
    {
        private readonly ConcurrentDictionary<string, long> versions = new();
        private readonly ConcurrentDictionary<object, bool> writers = new();

        public int Count => versions.Count;

        public int Writers => writers.Count;

        public IIndex Of(object writer) => new View(this, writer);

        private sealed class View(SharedIndex shared, object writer) : IIndex
        {
            public IReadOnlyDictionary<TopicPartition, long>? DurableOffsets => null;

            public ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken) => default;

            public ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
            {
                outcomes.Clear();
                for (var i = 0; i < entries.Count; i++)
                {
                    shared.writers[writer] = true;
                    var version = entries[i].Version;
                    shared.versions.AddOrUpdate(Encoding.UTF8.GetString(entries.Bytes(entries[i].Key)), version, (_, held) => Math.Max(held, version));
                    outcomes.Add(WriteOutcome.Applied);
                }

                return default;
            }

            public ValueTask RefreshAsync(CancellationToken cancellationToken) => default;

            public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken) => default;

            public ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

            public IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask DisposeAsync() => default;
        }
    }
}
