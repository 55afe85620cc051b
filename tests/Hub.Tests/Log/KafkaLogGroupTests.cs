using Hub.Core.Log;
using Hub.Log.Kafka;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Log;

/// <summary>The readers of one group share the partitions, and hand them over without a loss.</summary>
public sealed class KafkaLogGroupTests : KafkaLogParts
{
    private const string Topic = "filing.document";
    private const int Partitions = 4;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);
    private volatile string cut = "nobody";
    // Short, since some tests wait for its end.
    private TimeSpan session = TimeSpan.FromSeconds(1);
    private KafkaLog writer = null!;
    private int appended;

    public override async ValueTask InitializeAsync()
    {
        Broker.Rule = call => call.Client == cut ? new BrokerFault.CloseBefore() : null;
        await base.InitializeAsync();
        writer = Open("writer");
        await writer.EnsureTopicAsync(Topic, Partitions, Token);
    }

    [Fact]
    public async Task A_reader_that_joins_while_another_holds_a_batch_takes_its_share_and_nothing_is_lost()
    {
        // Nobody may be taken for dead on a machine that is busy: it would read again.
        session = TimeSpan.FromSeconds(6);
        await AppendAsync(5);
        await using var first = await ReaderAsync("first");
        await first.ReadUntilAsync(() => first.Values.Count == 5 * Partitions);
        var held = first.NextOffsets;

        // It joins only while the first reads on, which the first does without committing what it holds.
        var joining = ReaderAsync("second");
        await first.ReadUntilAsync(() => first.NextOffsets.Count == 2 && joining.IsCompleted);
        await using var second = await joining;
        await Wait.UntilAsync("what the first kept is committed", async () =>
        {
            // While partitions are handed over no commit is taken, and nothing is told of it.
            await first.CommitAsync(held);
            await first.ReadAsync();
            return first.NextOffsets.Count == 2 && first.NextOffsets.Keys.All(place => CommittedOf(place) is not null);
        }, () => string.Join(", ", Places.Select(CommittedOf)), Token);
        Assert.Equal(first.NextOffsets.Keys.OrderBy(place => place.Partition), Places.Where(place => CommittedOf(place) is not null));

        await AppendAsync(2);
        await Wait.UntilAsync("each has read its share", async () =>
        {
            await first.ReadAsync();
            await second.ReadAsync();
            return first.Values.Count == 5 * Partitions + 2 * 2 && second.Values.Count == 7 * 2;
        }, () => $"{first.Values.Count} and {second.Values.Count}", Token);
        await second.CommitAsync(second.NextOffsets);
        await first.CommitAsync(first.NextOffsets);
        var reached = Places.ToDictionary(place => place, CommittedOf);

        await second.DisposeAsync();
        await first.ReadUntilAsync(() => first.NextOffsets.Count == Partitions);
        // What the first still holds of the partitions that were away is older than what the second has committed.
        await first.CommitAsync(held);
        Assert.Equal(reached, Places.ToDictionary(place => place, CommittedOf));
        await AppendAsync(1);
        await first.ReadUntilAsync(() => first.Values.Count == 5 * Partitions + 2 * 2 + Partitions);
        Assert.All(Places, place => Assert.Equal(8, first.Values.Concat(second.Values).Where(one => one.Place == place).Select(one => one.Value).Distinct().Count()));
        first.AssertInOrder();
        second.AssertInOrder();
    }

    [Fact]
    public async Task A_reader_that_is_cut_off_is_taken_over_and_does_no_harm_when_it_is_back()
    {
        await AppendAsync(3);
        await using var first = await ReaderAsync("first");
        await first.ReadUntilAsync(() => first.Values.Count == 3 * Partitions);
        var joining = ReaderAsync("second");
        await first.ReadUntilAsync(() => first.NextOffsets.Count == 2 && joining.IsCompleted);
        await using var second = await joining;
        var held = first.NextOffsets;

        cut = "first";
        await AssertTakenOverAsync(first, held, second);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_on_for_too_long_is_taken_over_and_joins_again_when_it_does()
    {
        await AppendAsync(3);
        await using var first = await ReaderAsync("first", ("max.poll.interval.ms", "2000"));
        await first.ReadUntilAsync(() => first.Values.Count == 3 * Partitions);
        var held = first.NextOffsets;

        // What it has read waits for an index that does not answer, and meanwhile it does not read.
        await using var second = await ReaderAsync("second");
        await AssertTakenOverAsync(first, held, second);
    }

    [Fact]
    public async Task While_a_reader_does_not_read_on_another_goes_on_and_commits_also_when_a_third_joins()
    {
        await using var first = await ReaderAsync("first");
        var joining = ReaderAsync("second");
        await first.ReadUntilAsync(() => first.NextOffsets.Count == 2 && joining.IsCompleted);
        await using var second = await joining;
        await second.ReadUntilAsync(() => second.NextOffsets.Count == 2);
        var theirs = second.NextOffsets.Keys.ToList();

        joining = ReaderAsync("third");
        await AppendAsync(5);
        await second.ReadUntilAsync(() => second.NextOffsets.Keys.All(place => second.Values.Count(one => one.Place == place) == 5));
        await Wait.UntilAsync("what it has read is committed", async () =>
        {
            await second.CommitAsync(second.NextOffsets);
            await second.ReadAsync();
            return second.NextOffsets.All(next => CommittedOf(next.Key) == next.Value);
        }, () => string.Join(", ", theirs.Select(CommittedOf)), Token);

        await Wait.UntilAsync("all read on", async () =>
        {
            await first.ReadAsync();
            await second.ReadAsync();
            return joining.IsCompleted;
        }, () => $"{first.NextOffsets.Count} and {second.NextOffsets.Count} partitions", Token);
        await using var third = await joining;
        Member[] all = [first, second, third];
        await Wait.UntilAsync("everybody has a share, and everything is read", async () =>
        {
            foreach (var member in all)
                await member.ReadAsync();
            return all.All(member => member.NextOffsets.Count > 0) && all.SelectMany(member => member.Values).Distinct().Count() == 5 * Partitions;
        }, () => string.Join(", ", all.Select(member => $"{member.NextOffsets.Count} partitions and {member.Values.Count} entries")), Token);
    }

    [Fact]
    public async Task Readers_that_come_and_go_while_entries_are_appended_read_each_at_least_once_and_never_commit_backwards()
    {
        var random = new Random(7);
        var (members, all) = (new List<Member>(), new List<Member>());
        var committed = Places.ToDictionary(place => place, _ => 0L);
        for (var step = 0; step < 60; step++)
        {
            if (members.Count == 0 || (random.Next(4) == 0 && members.Count < 3))
                await JoinAsync();
            else if (random.Next(6) == 0)
                await LeaveAsync(random.Next(members.Count));
            await AppendAsync(1);
            foreach (var member in members)
            {
                var before = member.NextOffsets;
                await member.ReadAsync();
                // Some commit what they had before they read on, as a sink does that is behind.
                await member.CommitAsync(random.Next(2) == 0 ? before : member.NextOffsets);
                AssertForward();
            }
        }

        await Wait.UntilAsync("all is read", async () =>
        {
            foreach (var member in members)
                await member.ReadAsync();
            return all.SelectMany(member => member.Values).Distinct().Count() == appended * Partitions;
        }, () => $"{all.SelectMany(member => member.Values).Distinct().Count()} of {appended * Partitions}", Token);
        Assert.All(all, member => member.AssertInOrder(returns: all.Count * 2));
        foreach (var member in members)
            await member.DisposeAsync();

        async Task JoinAsync()
        {
            var joining = ReaderAsync($"reader {all.Count}");
            await Wait.UntilAsync("a reader has joined", async () =>
            {
                foreach (var member in members)
                    await member.ReadAsync();
                return joining.IsCompleted;
            }, () => $"{members.Count} others", Token);
            members.Add(await joining);
            all.Add(members[^1]);
        }

        async Task LeaveAsync(int index)
        {
            await members[index].DisposeAsync();
            members.RemoveAt(index);
        }

        void AssertForward()
        {
            foreach (var place in Places)
            {
                var now = CommittedOf(place) ?? 0;
                Assert.True(now >= committed[place], $"{place} went from {committed[place]} back to {now}");
                committed[place] = now;
            }
        }
    }

    private static IEnumerable<TopicPartition> Places => Enumerable.Range(0, Partitions).Select(partition => new TopicPartition(Topic, partition));

    private long? CommittedOf(TopicPartition place) => Broker.CommittedOffset("index", place.Topic, place.Partition);

    /// <summary>So many entries into each partition, with values that count up.</summary>
    /// <summary>The second reads and commits all; what the first had read and commits late counts for nothing, and it has its share again when it is back.</summary>
    private async Task AssertTakenOverAsync(Member first, IReadOnlyDictionary<TopicPartition, long> held, Member second)
    {
        await second.ReadUntilAsync(() => second.NextOffsets.Count == Partitions && second.Values.Count == 3 * Partitions);
        await second.CommitAsync(second.NextOffsets);
        var reached = Places.ToDictionary(place => place, CommittedOf);
        cut = "nobody";
        await first.CommitAsync(held);
        Assert.Equal(reached, Places.ToDictionary(place => place, CommittedOf));

        await AppendAsync(2);
        await Wait.UntilAsync("both read again", async () =>
        {
            await first.ReadAsync();
            await second.ReadAsync();
            return first.NextOffsets.Count == 2 && first.Values.Concat(second.Values).Distinct().Count() == 5 * Partitions;
        }, () => $"{first.NextOffsets.Count} partitions, {first.Values.Concat(second.Values).Distinct().Count()} entries", Token);
        first.AssertInOrder(returns: 1);
        second.AssertInOrder();
    }

    private async Task AppendAsync(int count)
    {
        for (var end = appended + count; appended < end; appended++)
            await writer.AppendAsync(Batch(Places.Select(place => new LogContractEntry(place, $"{place.Partition}", $"{appended:D4}"))), null, Token);
    }

    private async Task<Member> ReaderAsync(string client, params (string Key, string Value)[] settings)
        => new(await Open(client, options => options with
        {
            SessionTimeout = session, ClientSettings = options.ClientSettings.Concat(settings.Select(one => KeyValuePair.Create(one.Key, one.Value))).ToDictionary(),
        }).OpenReaderAsync("index", [Topic], null, Token));

    private sealed class Member(ILogReader reader) : IAsyncDisposable
    {
        private bool isDisposed;
        private readonly LogBatch batch = new();

        public List<(TopicPartition Place, string Value)> Values { get; } = [];

        public IReadOnlyDictionary<TopicPartition, long> NextOffsets => reader.NextOffsets;

        public async Task ReadAsync()
        {
            await reader.ReadAsync(batch, 1_000, Moment, Token);
            Values.AddRange(In(batch).Select(entry => (entry.Place, entry.Value!)));
        }

        public Task ReadUntilAsync(Func<bool> holds) => Wait.UntilAsync("it has read enough", async () =>
        {
            await ReadAsync();
            return holds();
        }, () => $"{Values.Count} entries, {NextOffsets.Count} partitions", Token);

        public async Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets) => await reader.CommitAsync(offsets, Token);

        /// <summary>A key's entries come in order; only a partition that was away may begin again, before what was read of it.</summary>
        public void AssertInOrder(int returns = 0)
        {
            foreach (var place in Values.GroupBy(one => one.Place, one => one.Value))
            {
                var steps = place.Zip(place.Skip(1)).Count(step => string.CompareOrdinal(step.First, step.Second) >= 0);
                Assert.True(steps <= returns, $"{place.Key}: {string.Join(' ', place)}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (!isDisposed)
                await reader.DisposeAsync();
            isDisposed = true;
        }
    }
}
