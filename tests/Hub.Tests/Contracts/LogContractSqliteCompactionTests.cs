using Hub.Core.Log;
using Hub.Log.Sqlite;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Contracts;

/// <summary>Compaction of the SQLite log.</summary>
public sealed class LogContractSqliteCompactionTests : IAsyncLifetime
{
    private static readonly TopicPartition P0 = new("finance.payment", 0);
    private static readonly TopicPartition P1 = new("finance.payment", 1);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-log-");
    private SqliteLog log = null!;

    private string FilePath => Path.Combine(folder.FullName, "log.db");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => OpenAsync(keepSegments: 1);

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_last_entry_of_each_key_stays_at_its_offset()
    {
        await AppendEachAsync(new(P0, "a", "1"), new(P0, "b", "1"), new(P0, "a", "2", 2), new(P0, "b", null, 2), new(P0, "c", "1"), new(P0, "z", "newest"));
        await log.CompactAsync(P0, Token);
        Assert.Equal([(2L, "2"), (3L, null), (4L, "1"), (5L, "newest")], (await ReadAsync()).Select(entry => (entry.Offset, entry.Value)));
        Assert.Equal(6, (await EndsAsync())[P0]);
    }

    [Fact]
    public async Task The_newest_segments_stay_as_they_were_written()
    {
        await OpenAsync(keepSegments: 2);
        await AppendEachAsync(new(P0, "a", "1"), new(P0, "a", "2"), new(P0, "a", "3"), new(P0, "a", "4"));
        await log.CompactAsync(P0, Token);
        Assert.Equal(["2", "3", "4"], (await ReadAsync()).Select(entry => entry.Value));
    }

    [Fact]
    public async Task A_late_write_of_an_older_version_does_not_drop_the_newer_one()
    {
        await AppendEachAsync(new(P0, "a", "old", 1), new(P0, "a", "new", 5), new(P0, "a", "late", 2), new(P0, "a", "latest", 3), new(P0, "z", "newest"));
        await log.CompactAsync(P0, Token);
        Assert.Equal(["new", "latest", "newest"], (await ReadAsync()).Select(entry => entry.Value));
    }

    [Fact]
    public async Task Compacting_again_takes_what_came_since()
    {
        await AppendEachAsync(new(P0, "a", "1"), new(P0, "b", "1"), new(P0, "z", "1"));
        await log.CompactAsync(P0, Token);
        await OpenAsync(keepSegments: 1);
        await AppendEachAsync(new(P0, "a", "2", 2), new(P0, "z", "2", 2));
        await log.CompactAsync(P0, Token);
        Assert.Equal([(1L, "1"), (2L, "1"), (3L, "2"), (4L, "2")], (await ReadAsync()).Select(entry => (entry.Offset, entry.Value)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(500_000)]
    public async Task What_readers_rebuild_is_the_same_before_and_after(int keys)
    {
        await OpenAsync(keepSegments: 3, keys);
        await AppendRandomAsync(batches: 200);
        var before = await ReadAsync();
        await log.CompactAsync(null, Token);
        var after = await ReadAsync();

        Assert.True(after.Count < before.Count / 2, $"{after.Count} of {before.Count} entries stayed");
        Assert.Subset(before.ToHashSet(), after.ToHashSet());
        Assert.Equal(LastByOffset(before), LastByOffset(after));
        Assert.Equal(LastByVersion(before), LastByVersion(after));
        await OpenAsync(keepSegments: 3, keys);
        Assert.Equal(after, await ReadAsync());
    }

    [Fact]
    public async Task Sizes_follow_appends_and_compaction()
    {
        await log.EnsureTopicAsync("filing.document", 1, Token);
        await AppendRandomAsync(batches: 100);
        var before = log.ReadSizes().Single(size => size.Topic == P0.Topic);
        Assert.Equal((await ReadAsync()).Count, before.Entries);
        await log.CompactAsync(null, Token);
        await OpenAsync(keepSegments: 1);
        var after = log.ReadSizes().Single(size => size.Topic == P0.Topic);
        Assert.Equal((await ReadAsync()).Count, after.Entries);
        Assert.True(after.Bytes < before.Bytes);
        Assert.Equal(new TopicSize("filing.document", 0, 0), log.ReadSizes().Single(size => size.Topic != P0.Topic));
    }

    [Fact]
    public async Task The_file_shrinks()
    {
        for (var number = 0; number < 40; number++)
            await AppendEachAsync(new LogContractEntry(P0, "a", new('x', 250_000), number));
        await log.CompactAsync(P0, Token);
        Assert.True(new FileInfo(FilePath).Length < 2_000_000, $"{new FileInfo(FilePath).Length} bytes");
        Assert.Equal(2, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Readers_and_appends_go_on_while_compaction_runs()
    {
        await AppendRandomAsync(batches: 150);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var model = LastByOffset(await ReadAsync());
        var compacting = Task.Run(async () =>
        {
            for (var round = 0; round < 5; round++)
                await log.CompactAsync(P0, Token);
        }, Token);
        await AppendRandomAsync(batches: 50, seed: 2);
        var read = await ReadAllAsync(reader, await EndsAsync(), 5_000, Token);
        await compacting;

        foreach (var (place, entries) in read.GroupBy(entry => entry.Place).Select(group => (group.Key, group.ToList())))
            Assert.Equal(entries.Select(entry => entry.Offset).Order().Distinct(), entries.Select(entry => entry.Offset));
        Assert.Equal(LastByOffset(await ReadAsync()), LastByOffset(read));
        Assert.Subset(LastByOffset(read).Select(entry => entry.Key).ToHashSet(), model.Select(entry => entry.Key).ToHashSet());
    }

    [Fact]
    public async Task A_reader_inside_a_rewritten_segment_goes_on_where_it_was()
    {
        await log.AppendAsync(Batch(Enumerable.Range(0, 100).Select(number => new LogContractEntry(P0, $"k{number % 10}", $"{number}"))), null, Token);
        await AppendEachAsync(new LogContractEntry(P0, "z", "newest"));
        var start = new Dictionary<TopicPartition, long> { [P0] = 95 };
        await log.CompactAsync(P0, Token);
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], start, Token);
        var read = await ReadAllAsync(reader, await EndsAsync(), 1_000_000, Token);
        Assert.Equal([95L, 96, 97, 98, 99, 100], read.Select(entry => entry.Offset));
    }

    [Fact]
    public async Task Compaction_that_is_cancelled_loses_nothing_and_may_be_run_again()
    {
        await AppendRandomAsync(batches: 100);
        var before = await ReadAsync();
        using var stop = new CancellationTokenSource();
        var compacting = log.CompactAsync(P0, stop.Token).AsTask();
        await stop.CancelAsync();
        await Task.WhenAny(compacting);
        Assert.Equal(LastByOffset(before), LastByOffset(await ReadAsync()));
        await log.CompactAsync(P0, Token);
        Assert.Equal(LastByOffset(before), LastByOffset(await ReadAsync()));
    }

    private async ValueTask OpenAsync(int keepSegments, int keys = 500_000)
    {
        if (log is not null)
            await log.DisposeAsync();
        log = new(new() { Path = FilePath, KeepSegments = keepSegments, CompactionKeys = keys });
        await log.EnsureTopicAsync(P0.Topic, 2, Token);
    }

    private async Task AppendEachAsync(params LogContractEntry[] entries)
    {
        foreach (var entry in entries)
            await log.AppendAsync(Batch(entry), null, Token);
    }

    private async Task AppendRandomAsync(int batches, int seed = 1)
    {
        var random = new Random(seed);
        for (var number = 0; number < batches; number++)
            await log.AppendAsync(Batch(Enumerable.Range(0, random.Next(20)).Select(_ => RandomEntry(random))), null, Token);
    }

    private static LogContractEntry RandomEntry(Random random) => new(
        random.Next(4) == 0 ? P1 : P0, $"finance:{random.Next(150)}", random.Next(8) == 0 ? null : new('x', random.Next(3_000)),
        random.Next(1_000), random.Next(2) == 0 ? "finance" : "filing", Position: $"{random.Next(100)}");

    private static IEnumerable<LogContractEntry> LastByOffset(IEnumerable<LogContractEntry> entries)
        => entries.GroupBy(entry => (entry.Place, entry.Key)).Select(key => key.MaxBy(entry => entry.Offset)!).OrderBy(entry => (entry.Place.Partition, entry.Offset));

    private static IEnumerable<LogContractEntry> LastByVersion(IEnumerable<LogContractEntry> entries)
        => entries.GroupBy(entry => (entry.Place, entry.Key))
            .Select(key => key.MaxBy(entry => (entry.Version, entry.Offset))!).OrderBy(entry => (entry.Place.Partition, entry.Offset));

    private async Task<List<LogContractEntry>> ReadAsync()
    {
        await using var reader = await log.OpenReaderAsync("check", [P0.Topic], null, Token);
        var read = await ReadAllAsync(reader, await EndsAsync(), 1_000_000, Token);
        return [.. read.OrderBy(entry => (entry.Place.Partition, entry.Offset))];
    }

    private async Task<IReadOnlyDictionary<TopicPartition, long>> EndsAsync() => await log.ReadEndsAsync([P0.Topic], Token);
}
