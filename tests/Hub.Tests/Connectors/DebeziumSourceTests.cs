using System.Runtime.CompilerServices;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Connectors.Debezium;
using Hub.Core.Ops;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Connectors.DebeziumChangeTests;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>From a connector's topics through the runner and the writer into the log.</summary>
public sealed class DebeziumSourceTests(KafkaFixture kafka)
{
    private const string Topic = "fin.public.thing";
    private const string Schemaless = "format: json-schemaless";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_again_and_again_in_the_middle_it_writes_every_change_once()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 3);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Avro);
        var expected = new Dictionary<string, string>();
        const int Changes = 3_000;
        for (var partition = 0; partition < 3; partition++)
            await topics.WriteAsync(Topic, partition, [.. Enumerable.Range(0, Changes / 3).Select(i => Next(partition, i))]);

        await using var run = new DebeziumRun(cluster.Bootstrap, "format: avro\nregistry: http://127.0.0.1:1\nkafka.fetch.message.max.bytes: \"2000\"");
        var breaks = new List<BreakingSource>();
        for (var start = 0; start < 2; start++)
        {
            await run.StartAsync(Cancel, maxBatchBytes: 20_000, schemas: (id, _) => upstream.SchemaAsync(id), wrap: source =>
            {
                breaks.Add(new(source));
                return breaks[^1];
            });
            await Wait.UntilAsync("enough has broken", () => breaks[^1].Breaks > 2, () => run.Status.ToString(), Cancel);
            if (start == 0)
                await run.StopAsync();
        }

        await run.WaitForThingsAsync(expected, Cancel);
        Assert.Equal(Changes, (await run.ReadAsync(Cancel)).Entries);

        Message<byte[], byte[]> Next(int partition, int i)
        {
            var (id, name) = ($"{partition}-{i % 200}", $"{i}");
            expected[id] = name;
            return upstream.Change(i < 200 ? "c" : "u", null, DebeziumChangeTests.Thing(id, name), At(1_000 + i));
        }
    }

    [Fact]
    public async Task What_a_transaction_has_aborted_is_not_read()
    {
        await using var broker = new TransactionalBroker();
        broker.CreateTopic(Topic, 1);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        using var producer = DebeziumTopicKit.Build(new() { BootstrapServers = broker.Bootstrap, TransactionalId = "connect" });
        await Task.Run(() => producer.InitTransactions(KafkaClients.Patience), Cancel);
        foreach (var (id, commits) in new[] { ("a", true), ("b", false), ("c", true) })
        {
            producer.BeginTransaction();
            // Acknowledged before it is aborted: what is still in the producer would be thrown away there.
            await producer.ProduceAsync(new TopicPartition(Topic, 0), upstream.Change("c", null, DebeziumChangeTests.Thing(id, id), At(1)), Cancel);
            await Task.Run(() => (commits ? (Action<TimeSpan>)producer.CommitTransaction : producer.AbortTransaction)(KafkaClients.Patience), Cancel);
        }

        await using var run = new DebeziumRun(broker.Bootstrap, Schemaless);
        await run.StartAsync(Cancel);
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "a", ["c"] = "c" }, Cancel);
        // For monitoring only: what the group has committed stands where the source is.
        await Wait.UntilAsync("the group's offset is committed", () => broker.CommittedOffset("hub-things", Topic, 0) > 0, () => "none", Cancel);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_a_dead_letter_with_its_bytes_and_the_rest_flows()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        var cut = upstream.Change("u", null, DebeziumChangeTests.Thing("1", "x"), At(20));
        cut.Value = cut.Value[..^5];
        await topics.WriteAsync(
            Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(10)), cut, new() { Key = "no json"u8.ToArray(), Value = "neither"u8.ToArray() },
            upstream.Change("c", null, DebeziumChangeTests.Thing("2", "b"), At(30)));
        await using var run = new DebeziumRun(cluster.Bootstrap, Schemaless);
        await run.StartAsync(Cancel);
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "a", ["2"] = "b" }, Cancel);

        var letters = await run.LettersAsync(Cancel);
        var letter = letters["things:test.thing:1"];
        Assert.Equal(("unreadable", "1", "10", "open", "fin.public.thing/0@1"), (letter["reason"], letter["documentKey"], letter["version"], letter["state"], letter["position"]));
        Assert.Equal(cut.Value, JsonDocument.Parse(letter["record"]!).RootElement.GetProperty("value").GetBytesFromBase64());
        Assert.Equal("no json"u8.ToArray(), JsonDocument.Parse(letters[$"things:test.thing:@{Topic}/0@2"]["record"]!).RootElement.GetProperty("key").GetBytesFromBase64());

        await topics.WriteAsync(Topic, 0, upstream.Change("u", null, DebeziumChangeTests.Thing("1", "good"), At(40)));
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "good", ["2"] = "b" }, Cancel);
        Assert.Equal("superseded", (await run.LettersAsync(Cancel))["things:test.thing:1"]["state"]);
    }

    [Fact]
    public async Task A_value_that_was_not_sent_refuses_the_row_with_the_statement_that_helps()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Json);
        await topics.WriteAsync(
            Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "long"), At(10)), upstream.Change("u", null, DebeziumChangeTests.Thing("1", "__debezium_unavailable_value"), At(20)),
            upstream.Change("c", null, DebeziumChangeTests.Thing("2", "b"), At(30)));
        await using var run = new DebeziumRun(cluster.Bootstrap, "format: json");
        await run.StartAsync(Cancel);
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "long", ["2"] = "b" }, Cancel);
        var letter = Assert.Single(await run.LettersAsync(Cancel)).Value;
        Assert.Equal("not-mapped", letter["reason"]);
        Assert.Contains("was left out by the source", letter["detail"], StringComparison.Ordinal);
        Assert.Contains("ALTER TABLE public.thing REPLICA IDENTITY FULL;", letter["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_source_is_complete_as_of_a_heartbeat_once_all_before_it_is_read()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 2);
        cluster.CreateTopic("heartbeats", 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        var moment = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        await topics.WriteAsync("heartbeats", 0, DebeziumTopicKit.Heartbeat(moment));
        await topics.WriteAsync(Topic, 0, [.. Enumerable.Range(0, 500).Select(i => upstream.Change("c", null, DebeziumChangeTests.Thing($"{i}", "x"), At(i + 1)))]);
        var source = new DebeziumSource((await OptionsAsync(cluster.Bootstrap, $"{Schemaless}\nheartbeatTopic: heartbeats")) with { MaxBatchBytes = 2_000 }, TimeProvider.System);
        var tape = new SourceTape(source);
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        Assert.Equal((moment, 500), (tape.CompleteAsOf, tape.State.Count));
        Assert.True(tape.Positions.Count > 2, "It came in one batch, so this test shows nothing.");

        // Also when nothing changes any more.
        await topics.WriteAsync("heartbeats", 0, DebeziumTopicKit.Heartbeat(moment.AddSeconds(10)));
        await tape.ReadUntilAsync(read => read.CompleteAsOf > moment, Cancel);
        Assert.Equal(moment.AddSeconds(10), tape.CompleteAsOf);
    }

    [Fact]
    public async Task A_table_whose_topic_comes_later_is_read_then()
    {
        await using var broker = new TransactionalBroker();
        await using var run = new DebeziumRun(broker.Bootstrap, Schemaless);
        await run.StartAsync(Cancel);
        await run.WaitForAsync(SourceState.Retrying, Cancel);
        Assert.Equal(Codes.SourceTopicMissing, run.Status.Problem!.Code);
        broker.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(broker.Bootstrap);
        await topics.WriteAsync(Topic, 0, DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless).Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(1)));
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "a" }, Cancel);
    }

    [Fact]
    public async Task Brokers_that_do_not_answer_are_told_and_tried_again()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        await topics.WriteAsync(Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(1)));
        await using var run = new DebeziumRun(cluster.Bootstrap, Schemaless);
        await run.StartAsync(Cancel);
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "a" }, Cancel);
        cluster.BrokerDown(-1);
        await run.WaitForAsync(SourceState.Retrying, Cancel);
        Assert.Equal(Codes.CannotConnect, run.Status.Problem!.Code);
        cluster.BrokerUp(-1);
        await topics.WriteAsync(Topic, 0, upstream.Change("u", null, DebeziumChangeTests.Thing("1", "b"), At(2)));
        await run.WaitForThingsAsync(new Dictionary<string, string> { ["1"] = "b" }, Cancel);
    }

    [Fact]
    public async Task A_topic_that_was_made_again_stops_the_source()
    {
        await using var broker = new TransactionalBroker();
        broker.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(broker.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        await topics.WriteAsync(Topic, 0, [.. Enumerable.Range(0, 5).Select(i => upstream.Change("c", null, DebeziumChangeTests.Thing($"{i}", "a"), At(i + 1)))]);
        await using var run = new DebeziumRun(broker.Bootstrap, Schemaless);
        await run.StartAsync(Cancel);
        await Wait.UntilAsync("all is written", () => run.Status.Records == 5, () => run.Status.ToString(), Cancel);
        await run.StopAsync();
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build())
            await admin.DeleteTopicsAsync([Topic]);
        broker.CreateTopic(Topic, 1);

        await run.StartAsync(Cancel);
        await run.WaitForAsync(SourceState.Stopped, Cancel);
        Assert.Equal(Codes.TopicReplaced, run.Status.Problem!.Code);
        Assert.Contains("give the source another name", run.Status.Problem.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_with_another_id_is_another_topic_whatever_its_offsets()
    {
        var bootstrap = await kafka.BootstrapAsync(Cancel);
        var topic = $"fin-{Guid.NewGuid():N}";
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build())
            await admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 }]);
        var options = await OptionsAsync(bootstrap, Schemaless, $"topic: {topic}");
        var tape = new SourceTape(new DebeziumSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.Positions.Count > 0, Cancel);
        var position = DebeziumPosition.Parse(tape.Positions[0]);
        Assert.NotNull(position.Topics[topic].Id);
        var other = new DebeziumPosition(new() { [topic] = position.Topics[topic] with { Id = "AAAAAAAAAAAAAAAAAAAAAQ" } });
        var failure = await Assert.ThrowsAsync<HubException>(() => new SourceTape(new DebeziumSource(options, TimeProvider.System)) { Start = other.ToSourcePosition() }.ReadUntilAsync(_ => true, Cancel));
        Assert.Equal((Codes.TopicReplaced, false), (failure.Findings[0].Code, failure.IsTransient));
    }

    /// <summary>librdkafka's cluster keeps about five megabytes of a partition, as retention.bytes would.</summary>
    [Fact]
    public async Task Records_that_retention_deleted_before_they_were_read_stop_the_source()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.JsonSchemaless);
        await topics.WriteAsync(Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(1)));
        var options = await OptionsAsync(cluster.Bootstrap, Schemaless);
        var tape = new SourceTape(new DebeziumSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.State.Count == 1, Cancel);
        for (var i = 0; i < 12; i++)
            await topics.WriteAsync(Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing($"big {i}", new string('x', 900_000)), At(i + 2)));

        var next = await Assert.ThrowsAsync<HubException>(() => tape.From(0, new DebeziumSource(options, TimeProvider.System)).ReadUntilAsync(_ => false, Cancel));
        Assert.Equal((Codes.RecordsExpired, false), (next.Findings[0].Code, next.IsTransient));
        var first = await Assert.ThrowsAsync<HubException>(() => new SourceTape(new DebeziumSource(options, TimeProvider.System)).ReadUntilAsync(_ => false, Cancel));
        Assert.Equal(Codes.RecordsExpired, first.Findings[0].Code);
        Assert.Contains("from: available", first.Findings[0].Suggestion, StringComparison.Ordinal);
        await new SourceTape(new DebeziumSource(options with { TakesAvailable = true }, TimeProvider.System)).ReadUntilAsync(read => read.State.ContainsKey("big 11"), Cancel);
    }

    [Fact]
    public async Task A_setting_that_the_client_does_not_know_stops_the_source()
    {
        var options = await OptionsAsync("127.0.0.1:1", $"{Schemaless}\nkafka.securty.protocol: SSL");
        var failure = await Assert.ThrowsAsync<HubException>(() => new SourceTape(new DebeziumSource(options, TimeProvider.System)).ReadUntilAsync(_ => true, Cancel));
        Assert.Equal((Codes.ValueInvalid, false), (failure.Findings[0].Code, failure.IsTransient));
        Assert.Contains("securty.protocol", failure.Findings[0].Message, StringComparison.Ordinal);
    }

    private static async Task<DebeziumSourceOptions> OptionsAsync(string bootstrap, string settings, string table = "")
    {
        await using var run = new DebeziumRun(bootstrap, settings, table);
        return run.Options with { Timeout = TimeSpan.FromSeconds(5) };
    }

    /// <summary>
    /// Breaks at every second batch: before the batch is written, or between its durable append and its acknowledgement. The runner
    /// then starts again from its checkpoint, as after a kill.
    /// </summary>
    private sealed class BreakingSource(ISource source) : ISource
    {
        private int batches;

        public int Breaks { get; private set; }

        public string Name => source.Name;

        public async IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var batch in source.ReadAsync(position, cancellationToken))
            {
                if (batch.Envelopes.Count > 0 && ++batches % 4 == 1)
                    throw Broken();
                yield return batch;
            }
        }

        public ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken)
            => batches % 4 == 3 && ++batches > 0 ? throw Broken() : source.AcknowledgeAsync(position, cancellationToken);

        public ValueTask DisposeAsync() => source.DisposeAsync();

        private IOException Broken()
        {
            Breaks++;
            return new("the test broke it");
        }
    }
}
