using Hub.Core.Log;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Contracts;

/// <summary>What every log promises.</summary>
public abstract partial class LogContract : IAsyncLifetime
{
    private protected static readonly TopicPartition P0 = new("finance.payment", 0);
    private protected static readonly TopicPartition P1 = new("finance.payment", 1);
    private protected const int Large = 1024 * 1024;

    private protected ILog Log { get; private set; } = null!;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Log = await OpenAsync();
        await Log.EnsureTopicAsync(P0.Topic, 2, Token);
    }

    public async ValueTask DisposeAsync()
    {
        // Null when the test was skipped before there was a log.
        if (Log is not null)
            await Log.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the test's one log, with all that it held when it was closed.</summary>
    protected abstract Task<ILog> OpenAsync();

    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    private protected async Task ReopenAsync()
    {
        await Log.DisposeAsync();
        Log = await OpenAsync();
    }

    [Fact]
    public async Task A_topic_that_exists_keeps_its_partitions()
    {
        Assert.Equal(2, await Log.EnsureTopicAsync(P0.Topic, 5, Token));
        Assert.Equal(3, await Log.EnsureTopicAsync("filing.document", 3, Token));
        await ReopenAsync();
        Assert.Equal(2, await Log.EnsureTopicAsync(P0.Topic, 1, Token));
        Assert.Equal(3, await Log.EnsureTopicAsync("filing.document", 1, Token));
    }

    [Fact]
    public async Task Entries_are_read_as_they_were_appended()
    {
        LogContractEntry[] entries =
        [
            new(P0, "finance:1", "值", 7, "finance", Operation.Snapshot, 1_750_000_000_000_000, "0A-1"),
            new(P0, "finance:2", "", long.MaxValue, "财政", Operation.Create, -5, ""),
            new(P0, "finance:1", null, 0, "finance", Operation.Delete, long.MaxValue, "0A-2"),
            new(P0, "", new('x', 700_000), long.MinValue, "finance", Operation.Truncate, long.MinValue),
            new(P0, "finance:12", "last", 3),
        ];
        await Log.AppendAsync(Batch(entries), null, Token);
        Assert.Equal(entries, WithoutOffsets(await ReadAllAsync("index")));
    }

    [Fact]
    public async Task Each_partition_keeps_its_order_and_counts_its_own_offsets()
    {
        await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P1, "b", "1"), new(P0, "a", "2")), null, Token);
        await Log.AppendAsync(Batch(new(P1, "b", "2"), new(P0, "a", "3")), null, Token);
        var read = await ReadAllAsync("index");
        Assert.Equal(["1", "2", "3"], read.Where(entry => entry.Place == P0).OrderBy(entry => entry.Offset).Select(entry => entry.Value));
        Assert.Equal(["1", "2"], read.Where(entry => entry.Place == P1).OrderBy(entry => entry.Offset).Select(entry => entry.Value));
        Assert.All([P0, P1], place => Assert.Equal(0, read.First(entry => entry.Place == place).Offset));
    }

    [Fact]
    public async Task An_append_returns_ends_that_are_past_all_that_its_source_appended()
    {
        await Log.EnsureTopicAsync("filing.document", 1, Token);
        await Log.AppendAsync(Batch(new LogContractEntry(P1, "a", "1")), new("finance", new("1")), Token);
        var ends = await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P0, "b", "1")), new("finance", new("2")), Token);
        Assert.Equal(0, ends[new("filing.document", 0)]);
        Assert.All(await ReadAllAsync("index"), entry => Assert.True(entry.Offset < ends[entry.Place], $"{entry}, but {ends[entry.Place]}"));
    }

    [Fact]
    public async Task A_reader_that_has_reached_the_ends_has_read_all_that_was_appended_before()
    {
        await Log.EnsureTopicAsync("filing.document", 1, Token);
        await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P0, "b", "1")), null, Token);
        await Log.AppendAsync(Batch(new(P1, "c", "1"), new(P0, "d", "1")), null, Token);
        var ends = await Log.ReadEndsAsync([P0.Topic, "no.topic"], Token);
        Assert.Equal([P0, P1], ends.Keys.OrderBy(place => place.Partition));
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        Assert.Equal(["a", "b", "c", "d"], (await LogContractEntry.ReadAllAsync(reader, ends, Large, Token)).Select(entry => entry.Key).Order());
    }

    [Fact]
    public async Task An_append_to_a_missing_topic_writes_nothing()
    {
        var batch = Batch(new(P0, "a", "1"), new(new("no.topic", 0), "b", "1"));
        await Assert.ThrowsAnyAsync<Exception>(async () => await Log.AppendAsync(batch, new("finance", new("1")), Token));
        Assert.Null(await Log.ReadCheckpointAsync("finance", Token));
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "c", "1")), null, Token);
        Assert.Equal("c", Assert.Single(await ReadAllAsync("index")).Key);
    }

    [Fact]
    public async Task Entries_and_offsets_outlive_the_log_that_wrote_them()
    {
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), null, Token);
        await ReopenAsync();
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), null, Token);
        Assert.Equal(["1", "2"], (await ReadAllAsync("index")).Select(entry => entry.Value));
    }

    [Fact]
    public async Task A_reader_waits_for_an_append_and_wakes()
    {
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = new LogBatch();
        var reading = reader.ReadAsync(batch, Large, Timeout.InfiniteTimeSpan, Token).AsTask();
        Assert.False(reading.IsCompleted);
        await Log.AppendAsync(Batch(new LogContractEntry(P1, "a", "1")), null, Token);
        await reading;
        Assert.Equal("a", Assert.Single(In(batch)).Key);
    }

    [Fact]
    public async Task A_reader_that_waits_no_longer_than_it_was_told_comes_back_empty_and_can_read_on()
    {
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = Batch(new LogContractEntry(P0, "left over", "1"));
        await reader.ReadAsync(batch, Large, TimeSpan.Zero, Token);
        Assert.Equal(0, batch.Count);
        await reader.ReadAsync(batch, Large, TimeSpan.FromMilliseconds(20), Token);
        Assert.Equal(0, batch.Count);
        Assert.All(reader.NextOffsets.Values, offset => Assert.Equal(0, offset));
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), null, Token);
        await reader.ReadAsync(batch, Large, Timeout.InfiniteTimeSpan, Token);
        Assert.Equal("a", Assert.Single(In(batch)).Key);
    }

    [Fact]
    public async Task A_waiting_reader_can_be_cancelled_and_read_on()
    {
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = new LogBatch();
        using var stop = new CancellationTokenSource();
        var reading = reader.ReadAsync(batch, Large, Timeout.InfiniteTimeSpan, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), null, Token);
        await reader.ReadAsync(batch, Large, Timeout.InfiniteTimeSpan, Token);
        Assert.Equal(1, batch.Count);
    }

    [Fact]
    public async Task A_read_stays_within_its_bytes_and_reads_a_larger_entry_alone()
    {
        var values = new[] { 100, 100, 100, 50_000, 100, 600_000, 100, 100 };
        await Log.AppendAsync(Batch(values.Select((size, index) => new LogContractEntry(P0, $"k{index}", new('x', size)))), null, Token);
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = new LogBatch();
        var sizes = new List<int>();
        while (sizes.Count < values.Length)
        {
            await reader.ReadAsync(batch, 1_000, Timeout.InfiniteTimeSpan, Token);
            var read = In(batch);
            Assert.True(batch.SizeInBytes <= 1_000 || read.Count == 1, $"{read.Count} entries of {batch.SizeInBytes} bytes");
            sizes.AddRange(read.Select(entry => entry.Value!.Length));
        }

        Assert.Equal(values, sizes);
    }

    [Fact]
    public async Task A_backlog_in_one_partition_does_not_hold_up_another()
    {
        // Not the same letter again and again: a log may compress, and what is small is no backlog.
        var random = new Random(1);
        var noise = new byte[1_000];
        var backlog = Enumerable.Range(0, 5_000).Select(number =>
        {
            random.NextBytes(noise);
            return new LogContractEntry(P0, $"a{number}", Convert.ToBase64String(noise));
        });
        var ends = await Log.AppendAsync(Batch([.. backlog, new(P1, "b", "1")]), null, Token);
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = new LogBatch();
        while (!In(batch).Exists(entry => entry.Place == P1))
            await reader.ReadAsync(batch, 64 * 1024, Timeout.InfiniteTimeSpan, Token);
        Assert.True(reader.NextOffsets[P0] < ends[P0]);
    }

    /// <summary>As they were appended: offsets grow, but a log may leave some out.</summary>
    private protected static IEnumerable<LogContractEntry> WithoutOffsets(IEnumerable<LogContractEntry> entries) => entries.Select(entry => entry with { Offset = -1 });

    private protected async Task<List<LogContractEntry>> ReadAllAsync(string group, int maxBytes = Large)
    {
        await using var reader = await Log.OpenReaderAsync(group, [P0.Topic], null, Token);
        return await LogContractEntry.ReadAllAsync(reader, await EndsAsync(), maxBytes, Token);
    }

    private protected async Task<IReadOnlyDictionary<TopicPartition, long>> EndsAsync() => await Log.ReadEndsAsync([P0.Topic], Token);
}
