using Confluent.Kafka;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>The promises of Kafka's transactions, kept by the broker of the tests.</summary>
public sealed class TransactionalBrokerTransactionTests : IAsyncLifetime
{
    private static readonly TopicPartition P0 = new("finance.payment", 0);
    private static readonly TopicPartition P1 = new("finance.payment", 1);
    private readonly TransactionalBroker broker = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        broker.CreateTopic(P0.Topic, 2);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => broker.DisposeAsync();

    [Fact]
    public async Task An_aborted_transaction_is_seen_by_uncommitted_readers_alone()
    {
        using var producer = await StartAsync("source");
        await TransactAsync(producer, commit: true, (P0, "1"), (P1, "2"));
        await TransactAsync(producer, commit: false, (P0, "3"), (P1, "4"));
        await TransactAsync(producer, commit: true, (P0, "5"));
        Assert.Equal(["1", "5"], await ReadAsync(P0));
        Assert.Equal(["2"], await ReadAsync(P1));
        Assert.Equal(["1", "3", "5"], await ReadAsync(P0, IsolationLevel.ReadUncommitted));
        Assert.Equal(["2", "4"], await ReadAsync(P1, IsolationLevel.ReadUncommitted));
        Assert.Equal(new(3, 2, 6, 6), broker.Count(P0.Topic, P0.Partition));
    }

    [Fact]
    public async Task The_end_of_a_partition_comes_after_its_control_records()
    {
        using var producer = await StartAsync("source");
        await TransactAsync(producer, commit: true, (P0, "1"), (P0, "2"));
        Assert.Equal(3, (await KafkaClients.ReadAsync(broker.Bootstrap, P0)).End);
        Assert.Equal(3, await EndAsync(IsolationLevel.ReadCommitted));
        await TransactAsync(producer, commit: false, (P0, "3"));
        Assert.Equal(5, (await KafkaClients.ReadAsync(broker.Bootstrap, P0)).End);
    }

    [Fact]
    public async Task What_a_killed_producer_left_open_never_happened()
    {
        using (var killed = await StartAsync("source"))
            await OpenAsync(killed, (P0, "1"));
        using var next = await StartAsync("source");
        await TransactAsync(next, commit: true, (P0, "2"));
        Assert.Equal(["2"], await ReadAsync(P0));
        Assert.Equal(["1", "2"], await ReadAsync(P0, IsolationLevel.ReadUncommitted));
    }

    [Fact]
    public async Task A_second_instance_shuts_out_the_first()
    {
        using var first = await StartAsync("source");
        await OpenAsync(first, (P0, "1"));
        using var second = await StartAsync("source");
        var failure = await Assert.ThrowsAsync<KafkaException>(() => Task.Run(() => first.CommitTransaction(KafkaClients.Patience), Token));
        Assert.Equal(ErrorCode.Local_Fenced, failure.Error.Code);
        Assert.True(failure.Error.IsFatal);
        await TransactAsync(second, commit: true, (P0, "2"));
        Assert.Equal(["2"], await ReadAsync(P0));
    }

    [Fact]
    public async Task An_instance_that_was_shut_out_while_it_was_idle_cannot_produce()
    {
        using var first = await StartAsync("source");
        using var second = await StartAsync("source");
        first.BeginTransaction();
        var failure = await Assert.ThrowsAnyAsync<KafkaException>(() => first.ProduceAsync(P0, KafkaClients.Record("1"), Token));
        var end = await Assert.ThrowsAnyAsync<KafkaException>(() => Task.Run(() => first.CommitTransaction(KafkaClients.Patience), Token));
        Assert.Equal(ErrorCode.Local_Fenced, end.Error.Code);
        Assert.NotEqual(ErrorCode.NoError, failure.Error.Code);
        Assert.Equal(0, broker.Count(P0.Topic, P0.Partition).All);
    }

    [Fact]
    public async Task Readers_wait_behind_an_open_transaction()
    {
        using var open = await StartAsync("slow");
        using var other = await StartAsync("quick");
        await TransactAsync(other, commit: true, (P0, "1"));
        await OpenAsync(open, (P0, "2"));
        await TransactAsync(other, commit: true, (P0, "3"));
        Assert.Equal(["1"], await ReadAsync(P0));
        Assert.Equal(["1", "2", "3"], await ReadAsync(P0, IsolationLevel.ReadUncommitted));
        Assert.Equal(2, await EndAsync(IsolationLevel.ReadCommitted));
        Assert.Equal(5, await EndAsync(IsolationLevel.ReadUncommitted));
        await Task.Run(() => open.CommitTransaction(KafkaClients.Patience), Token);
        Assert.Equal(["1", "2", "3"], await ReadAsync(P0));
    }

    [Fact]
    public async Task A_transaction_that_is_not_ended_in_time_is_aborted()
    {
        using var slow = await StartAsync("source", config => config.TransactionTimeoutMs = 1000);
        await OpenAsync(slow, (P0, "1"));
        await Wait.UntilAsync("The transaction is aborted", () => broker.Count(P0.Topic, P0.Partition).LastStable == 2, () => $"{broker.Count(P0.Topic, P0.Partition)}", Token);
        Assert.Empty(await ReadAsync(P0));
        await Assert.ThrowsAsync<KafkaException>(() => Task.Run(() => slow.CommitTransaction(KafkaClients.Patience), Token));
    }

    [Fact]
    public async Task Offsets_of_a_group_are_committed_with_the_transaction()
    {
        using var consumer = KafkaClients.Consumer(broker.Bootstrap, "index").Build();
        consumer.Assign(P0);
        using var producer = await StartAsync("source");
        await CommitAsync(commit: true, 7);
        Assert.Equal(7, broker.CommittedOffset("index", P0.Topic, P0.Partition));
        await CommitAsync(commit: false, 9);
        Assert.Equal(7, consumer.Committed([P0], KafkaClients.Patience).Single().Offset.Value);
        Assert.Equal(["1"], await ReadAsync(P1));

        async Task CommitAsync(bool commit, long offset)
        {
            await OpenAsync(producer, (P1, "1"));
            await Task.Run(() => producer.SendOffsetsToTransaction([new(P0, offset)], consumer.ConsumerGroupMetadata, KafkaClients.Patience), Token);
            await EndAsync(producer, commit);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_whose_answer_was_lost_is_asked_for_again(bool done)
    {
        using var producer = await StartAsync("source");
        broker.Next(ApiKey.EndTxn, done ? new BrokerFault.CloseAfter() : new BrokerFault.CloseBefore());
        await TransactAsync(producer, commit: true, (P0, "1"));
        Assert.Equal(["1"], await ReadAsync(P0));
        Assert.Equal(2, broker.Count(P0.Topic, P0.Partition).HighWatermark);
    }

    [Fact]
    public async Task A_producer_goes_on_after_a_record_that_timed_out()
    {
        using var producer = await StartAsync("source", config => config.MessageTimeoutMs = 1000);
        await TransactAsync(producer, commit: true, (P0, "1"));
        var released = new TaskCompletionSource();
        broker.Next(ApiKey.Produce, new BrokerFault.HoldBefore(released.Task));
        producer.BeginTransaction();
        await Assert.ThrowsAnyAsync<KafkaException>(() => producer.ProduceAsync(P0, KafkaClients.Record("2"), Token));
        released.SetResult();
        await EndAsync(producer, commit: false);
        await TransactAsync(producer, commit: true, (P0, "3"));
        Assert.Equal(["1", "3"], await ReadAsync(P0));
    }

    private static async Task TransactAsync(IProducer<string, string> producer, bool commit, params (TopicPartition Place, string Value)[] records)
    {
        await OpenAsync(producer, records);
        await EndAsync(producer, commit);
    }

    private static async Task OpenAsync(IProducer<string, string> producer, params (TopicPartition Place, string Value)[] records)
    {
        producer.BeginTransaction();
        foreach (var (place, value) in records)
            await producer.ProduceAsync(place, KafkaClients.Record(value), Token);
    }

    private static Task EndAsync(IProducer<string, string> producer, bool commit) => Task.Run(
        () =>
        {
            if (commit)
                producer.CommitTransaction(KafkaClients.Patience);
            else
                producer.AbortTransaction(KafkaClients.Patience);
        },
        Token);

    private Task<IProducer<string, string>> StartAsync(string id, Action<ProducerConfig>? change = null) => Task.Run(
        () =>
        {
            var producer = KafkaClients.Producer(broker.Bootstrap, id, change);
            producer.InitTransactions(KafkaClients.Patience);
            return producer;
        },
        Token);

    private async Task<List<string>> ReadAsync(TopicPartition partition, IsolationLevel isolation = IsolationLevel.ReadCommitted)
        => (await KafkaClients.ReadAsync(broker.Bootstrap, partition, isolation)).Values;

    private Task<long> EndAsync(IsolationLevel isolation) => Task.Run(
        () =>
        {
            using var consumer = KafkaClients.Consumer(broker.Bootstrap, "any", config => config.IsolationLevel = isolation).Build();
            return consumer.QueryWatermarkOffsets(P0, KafkaClients.Patience).High.Value;
        },
        Token);
}
