using System.Collections.Concurrent;
using Confluent.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>Consumer groups on the broker of the tests, with the assignors of Confluent's client.</summary>
public sealed class TransactionalBrokerGroupTests : IAsyncLifetime
{
    private const string Topic = "finance.payment";
    private const int Partitions = 4;
    private readonly TransactionalBroker broker = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        broker.CreateTopic(Topic, Partitions);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => broker.DisposeAsync();

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task Two_members_share_the_partitions_and_one_goes_on_alone(PartitionAssignmentStrategy strategy)
    {
        await using var first = new Member(broker.Bootstrap, "first", strategy);
        await first.HoldsAsync(Partitions);
        await using (var second = new Member(broker.Bootstrap, "second", strategy))
        {
            await first.HoldsAsync(Partitions / 2);
            await second.HoldsAsync(Partitions / 2);
            Assert.Empty(first.Held.Intersect(second.Held));
            await ProduceAsync("1");
            await ReadAsync(first, second);
        }

        await first.HoldsAsync(Partitions);
        await ProduceAsync("2");
        await ReadAsync(first);
    }

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task The_partitions_of_a_member_that_fell_silent_are_taken_over(PartitionAssignmentStrategy strategy)
    {
        await using var first = new Member(broker.Bootstrap, "first", strategy);
        await using var second = new Member(broker.Bootstrap, "second", strategy);
        await first.HoldsAsync(Partitions / 2);
        await second.HoldsAsync(Partitions / 2);
        await ProduceAsync("1");
        await ReadAsync(first, second);
        broker.Rule = call => call.Client == "second" ? new BrokerFault.CloseBefore() : null;
        await first.HoldsAsync(Partitions);
        await ProduceAsync("2");
        await ReadAsync(first);
    }

    [Fact]
    public async Task A_new_member_begins_where_the_group_had_come()
    {
        await ProduceAsync("1");
        await using (var first = new Member(broker.Bootstrap, "first", PartitionAssignmentStrategy.Range))
            await ReadAsync(first);
        await ProduceAsync("2");
        await using var second = new Member(broker.Bootstrap, "second", PartitionAssignmentStrategy.Range);
        await ReadAsync(second);
        Assert.Equal(Enumerable.Repeat("2", Partitions), second.Read);
    }

    [Fact]
    public async Task A_transaction_cannot_commit_offsets_for_a_member_that_is_out()
    {
        await ProduceAsync("1");
        using var consumer = KafkaClients.Consumer(broker.Bootstrap, "index").Build();
        consumer.Subscribe(Topic);
        await KafkaClients.NextAsync(consumer);
        var member = consumer.ConsumerGroupMetadata;
        using var producer = KafkaClients.Producer(broker.Bootstrap, "source");
        await Task.Run(() => producer.InitTransactions(KafkaClients.Patience), Token);
        await CommitAsync(1);
        Assert.Equal(1, broker.CommittedOffset("index", Topic, 0));
        await Task.Run(consumer.Close, Token);
        var failure = await Assert.ThrowsAnyAsync<KafkaException>(() => CommitAsync(2));
        Assert.Equal(ErrorCode.UnknownMemberId, failure.Error.Code);
        Assert.Equal(1, broker.CommittedOffset("index", Topic, 0));

        Task CommitAsync(long offset) => Task.Run(
            () =>
            {
                producer.BeginTransaction();
                producer.SendOffsetsToTransaction([new(Topic, 0, offset)], member, KafkaClients.Patience);
                producer.CommitTransaction(KafkaClients.Patience);
            },
            Token);
    }

    [Fact]
    public async Task A_transaction_cannot_commit_offsets_of_an_older_generation()
    {
        await using var first = new Member(broker.Bootstrap, "first", PartitionAssignmentStrategy.Range);
        await first.HoldsAsync(Partitions);
        var older = first.Metadata;
        await using var second = new Member(broker.Bootstrap, "second", PartitionAssignmentStrategy.Range);
        await second.HoldsAsync(Partitions / 2);
        using var producer = KafkaClients.Producer(broker.Bootstrap, "source");
        var failure = await Assert.ThrowsAnyAsync<KafkaException>(() => Task.Run(
            () =>
            {
                producer.InitTransactions(KafkaClients.Patience);
                producer.BeginTransaction();
                producer.SendOffsetsToTransaction([new(Topic, 0, 2)], older, KafkaClients.Patience);
            },
            Token));
        Assert.Equal(ErrorCode.IllegalGeneration, failure.Error.Code);
    }

    // Every partition's records have been read and committed by the members between them.
    private Task ReadAsync(params Member[] members) => Wait.UntilAsync(
        "Everything is read and committed",
        () => Enumerable.Range(0, Partitions).All(partition => broker.CommittedOffset("index", Topic, partition) == broker.Count(Topic, partition).All),
        () => string.Join(", ", members.SelectMany(member => member.Read)),
        Token);

    private async Task ProduceAsync(string value)
    {
        using var producer = KafkaClients.Producer(broker.Bootstrap);
        for (var partition = 0; partition < Partitions; partition++)
            await producer.ProduceAsync(new TopicPartition(Topic, partition), KafkaClients.Record(value), Token);
    }

    /// <summary>A consumer that reads and commits until it is disposed of, when it leaves the group.</summary>
    private sealed class Member : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly IConsumer<string, string> consumer;
        private readonly Task running;

        public Member(string bootstrap, string name, PartitionAssignmentStrategy strategy)
        {
            consumer = KafkaClients.Consumer(bootstrap, "index", Quick(name, strategy)).Build();
            consumer.Subscribe(Topic);
            running = Task.Factory.StartNew(Run, TaskCreationOptions.LongRunning);
        }

        public ConcurrentQueue<string> Read { get; } = [];

        public IConsumerGroupMetadata Metadata => consumer.ConsumerGroupMetadata;

        public IReadOnlyList<TopicPartition> Held => consumer.Assignment;

        public static Action<ConsumerConfig> Quick(string name, PartitionAssignmentStrategy strategy) => config =>
        {
            (config.ClientId, config.PartitionAssignmentStrategy) = (name, strategy);
            (config.SessionTimeoutMs, config.HeartbeatIntervalMs) = (1000, 50);
        };

        public Task HoldsAsync(int partitions)
            => Wait.UntilAsync($"{consumer.Name} holds {partitions} partitions", () => Held.Count == partitions, () => string.Join(", ", Held), Token);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running;
            consumer.Dispose();
            stop.Dispose();
        }

        private void Run()
        {
            while (!stop.IsCancellationRequested)
            {
                var result = consumer.Consume(TimeSpan.FromMilliseconds(20));
                if (result is null || result.IsPartitionEOF)
                    continue;
                Read.Enqueue(result.Message.Value);
                consumer.Commit(result);
            }

            consumer.Close();
        }
    }
}
