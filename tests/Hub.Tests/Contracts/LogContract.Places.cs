using Hub.Core.Log;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Contracts;

/// <summary>Checkpoints of sources, and the offsets of consumer groups.</summary>
public abstract partial class LogContract
{
    private static readonly DateTimeOffset Noon = new(2025, 7, 1, 12, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public async Task A_checkpoint_is_saved_with_its_entries_and_ends_that_are_past_them()
    {
        await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P0, "b", "1")), new("finance", new("0A-1"), Noon), Token);
        await Log.AppendAsync(Batch(new LogContractEntry(P1, "c", "1")), new("filing", new("7"), Noon.AddHours(1)), Token);
        await ReopenAsync();
        await Log.EnsureTopicAsync(P0.Topic, 2, Token);
        var stored = await Log.ReadCheckpointAsync("finance", Token);
        Assert.Equal(new Checkpoint("finance", new("0A-1"), Noon), stored!.Checkpoint);
        var filing = await Log.ReadCheckpointAsync("filing", Token);
        Assert.Equal(new Checkpoint("filing", new("7"), Noon.AddHours(1)), filing!.Checkpoint);
        foreach (var entry in await ReadAllAsync("index"))
            Assert.True(entry.Offset < (entry.Place == P0 ? stored : filing).EndOffsets[entry.Place], $"{entry}");
    }

    [Fact]
    public async Task A_checkpoint_may_come_without_entries()
    {
        await Log.AppendAsync(new(), new("finance", new("0A-1"), Noon), Token);
        await Log.AppendAsync(new(), new("finance", new("0A-2"), Noon.AddMinutes(1)), Token);
        Assert.Equal(new Checkpoint("finance", new("0A-2"), Noon.AddMinutes(1)), (await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint);
    }

    [Fact]
    public async Task A_checkpoint_without_a_moment_keeps_the_earlier_moment()
    {
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1"), Noon), Token);
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), new("finance", new("2")), Token);
        Assert.Equal(new Checkpoint("finance", new("2"), Noon), (await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint);
        await ReopenAsync();
        await Log.AppendAsync(new(), new("finance", new("3")), Token);
        Assert.Equal(new Checkpoint("finance", new("3"), Noon), (await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint);
    }

    [Fact]
    public async Task A_first_checkpoint_without_a_moment_has_none()
    {
        await Log.AppendAsync(new(), new("finance", new("1")), Token);
        Assert.Equal(new Checkpoint("finance", new("1")), (await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint);
        Assert.Null(await Log.ReadCheckpointAsync("unknown", Token));
    }

    [Fact]
    public async Task A_forgotten_checkpoint_leaves_the_entries()
    {
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1"), Noon), Token);
        await Log.DeleteCheckpointAsync("finance", Token);
        await Log.DeleteCheckpointAsync("never there", Token);
        Assert.Null(await Log.ReadCheckpointAsync("finance", Token));
        Assert.Single(await ReadAllAsync("index"));
        await Log.AppendAsync(new(), new("finance", new("1")), Token);
        Assert.Null((await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint.CompleteAsOf);
    }

    [Fact]
    public async Task Groups_go_on_from_what_each_committed()
    {
        await Log.AppendAsync(Batch(Enumerable.Range(0, 10).Select(number => new LogContractEntry(P0, "a", $"{number}"))), null, Token);
        await CommitAsync("index", new() { [P0] = 4 });
        await CommitAsync("export", new() { [P0] = 9 });
        await CommitAsync("index", new() { [P0] = 7 });
        await ReopenAsync();
        Assert.Equal(["7", "8", "9"], (await ReadAllAsync("index")).Select(entry => entry.Value));
        Assert.Equal(["9"], (await ReadAllAsync("export")).Select(entry => entry.Value));
        Assert.Equal(10, (await ReadAllAsync("new")).Count);
    }

    [Fact]
    public async Task A_given_start_goes_before_the_committed_offset()
    {
        await Log.AppendAsync(Batch(new(P0, "a", "0"), new(P0, "a", "1"), new(P1, "b", "0"), new(P1, "b", "1")), null, Token);
        await CommitAsync("index", new() { [P0] = 2, [P1] = 1 });
        var start = new Dictionary<TopicPartition, long> { [P0] = 1, [new("other", 0)] = 5 };
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], start, Token);
        Assert.Equal((1, 1), (reader.NextOffsets[P0], reader.NextOffsets[P1]));
        var read = await LogContractEntry.ReadAllAsync(reader, await EndsAsync(), Large, Token);
        Assert.Equal([(P0, 1L), (P1, 1L)], read.Select(entry => (entry.Place, entry.Offset)).OrderBy(one => one.Place.Partition));
    }

    [Fact]
    public async Task What_was_not_committed_is_read_again()
    {
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), null, Token);
        Assert.Single(await ReadAllAsync("index"));
        Assert.Single(await ReadAllAsync("index"));
    }

    [Fact]
    public async Task Several_readers_read_independently()
    {
        await using var first = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        await using var second = await Log.OpenReaderAsync("export", [P0.Topic], null, Token);
        var ends = await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P1, "b", "1")), null, Token);
        Assert.Equal(2, (await LogContractEntry.ReadAllAsync(first, ends, 1, Token)).Count);
        Assert.Equal(2, (await LogContractEntry.ReadAllAsync(second, ends, Large, Token)).Count);
    }

    [Fact]
    public async Task A_reader_gets_its_topics_alone()
    {
        await Log.EnsureTopicAsync("filing.document", 1, Token);
        await Log.AppendAsync(Batch(new(new("filing.document", 0), "x", "1"), new(P0, "a", "1")), null, Token);
        Assert.Equal("a", Assert.Single(await ReadAllAsync("index")).Key);
    }

    [Fact]
    public async Task Lag_is_what_the_group_has_not_committed()
    {
        await Log.AppendAsync(Batch(new(P0, "a", "1"), new(P0, "a", "2"), new(P1, "b", "1")), null, Token);
        await CommitAsync("index", new() { [P0] = 1, [P1] = 0 });
        var ends = await EndsAsync();
        Assert.Equal([new(P0, 1, ends[P0]), new(P1, 0, ends[P1])], (await Log.ReadLagAsync("index", Token)).OrderBy(one => one.Partition.Partition));

        // What is no entry is no lag either.
        await using (var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token))
        {
            await LogContractEntry.ReadAllAsync(reader, ends, Large, Token);
            await reader.CommitAsync(reader.NextOffsets, Token);
        }

        Assert.All(await Log.ReadLagAsync("index", Token), one => Assert.Equal(0, one.Lag));
    }

    [Fact]
    public async Task A_log_keeps_its_identity()
    {
        var identity = await LogIdentity.ReadAsync(Log, Token);
        Assert.Equal(identity, await LogIdentity.ReadAsync(Log, Token));
        await ReopenAsync();
        Assert.Equal(identity, await LogIdentity.ReadAsync(Log, Token));
    }

    [Fact]
    public async Task A_source_can_be_acquired_given_back_and_acquired_again()
    {
        await using (var lease = await Log.AcquireAsync("finance", Token))
        {
            await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1")), Token);
            Assert.False(lease.Lost.IsCancellationRequested);
        }

        await using var again = await Log.AcquireAsync("finance", Token);
        Assert.Equal("1", (await Log.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
        await Log.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), new("finance", new("2")), Token);
        Assert.Equal(["1", "2"], (await ReadAllAsync("index")).Select(entry => entry.Value));
    }

    private async Task CommitAsync(string group, Dictionary<TopicPartition, long> offsets)
    {
        await using var reader = await Log.OpenReaderAsync(group, [P0.Topic], null, Token);
        await reader.CommitAsync(offsets, Token);
    }
}
