using System.Text;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;
using Partitioner = Hub.Core.Log.Partitioner;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Tests.Log;

/// <summary>What Hub stores in Kafka, byte for byte: others read it, and later versions of Hub must.</summary>
public sealed class KafkaLogFormTests : KafkaLogParts
{
    [Fact]
    public async Task The_headers_of_an_entry_never_change()
    {
        var log = Open();
        await log.AppendAsync(
            Batch(
                new(P0, "财政:1", "值", 7, "财政", Operation.Snapshot, 1_750_000_000_000_000, "0A-1"),
                new(P0, "finance:2", null, long.MinValue, "finance", Operation.Delete)), null, Token);
        var records = await RecordsAsync(new(P0.Topic, 0), 2);
        Assert.Equal("hub-source=财政 hub-operation=1 hub-version=7 hub-occurred-at=1750000000000000 hub-position=0A-1", HeadersOf(records[0]));
        Assert.Equal(("财政:1", "值"), (Encoding.UTF8.GetString(records[0].Key), Encoding.UTF8.GetString(records[0].Value!)));
        Assert.Equal("hub-source=finance hub-operation=4 hub-version=-9223372036854775808", HeadersOf(records[1]));
        Assert.Null(records[1].Value);
    }

    /// <summary>Kafka's cleaner takes a key without a value away, and then the rows that were truncated would be there again for whoever reads from the beginning.</summary>
    [Fact]
    public async Task A_truncate_has_a_value_for_Kafka_and_none_for_Hub()
    {
        var log = Open();
        var truncate = new LogContractEntry(P0, "finance:\u0001truncate", null, 9, "finance", Operation.Truncate);
        await log.AppendAsync(Batch(truncate), null, Token);
        Assert.Equal("", Convert.ToHexString(Assert.IsType<byte[]>((await RecordsAsync(new(P0.Topic, 0), 1))[0].Value)));
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        Assert.Equal([truncate with { Offset = 0 }], await LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1000, Token));
    }

    [Fact]
    public async Task The_record_of_a_checkpoint_never_changes()
    {
        var log = Open();
        await log.AppendAsync(new(), new("财政", new("0A-1\"位"), new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.FromHours(8))), Token);
        await log.DeleteCheckpointAsync("财政", Token);
        await log.AppendAsync(new(), new("财政", new("0A-2")), Token);
        var records = await RecordsAsync(new("hub.checkpoint", Partitioner.PartitionOf("财政"u8, 16)), 3);
        Assert.All(records, record => Assert.Equal("财政", Encoding.UTF8.GetString(record.Key)));
        Assert.Equal([@"{""position"":""0A-1\u0022\u4F4D"",""completeAsOf"":1772323200000000}", null, @"{""position"":""0A-2""}"], records.Select(record => record.Value is { } value ? Encoding.UTF8.GetString(value) : null));
    }

    [Fact]
    public async Task Hub_chooses_the_partition_that_Kafka_s_default_chooses()
    {
        const int Partitions = 7;
        Broker.CreateTopic("spread", Partitions);
        using var producer = KafkaClients.Producer(Broker.Bootstrap, change: config => config.Partitioner = Confluent.Kafka.Partitioner.Murmur2);
        var keys = Enumerable.Range(0, 100).Select(number => $"finance:{number * 7919}").Concat(Enumerable.Range(0, 100).Select(number => new string('财', number % 5) + $"政:{number}")).ToList();
        var chosen = await Task.WhenAll(keys.Select(key => producer.ProduceAsync("spread", new() { Key = key, Value = "" }, Token)));
        Assert.Equal(keys.Select(key => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), Partitions)), chosen.Select(one => one.Partition.Value));
        Assert.Equal(Partitions, chosen.Select(one => one.Partition.Value).Distinct().Count());
    }

    [Fact]
    public async Task A_record_that_somebody_else_wrote_is_read()
    {
        using (var producer = KafkaClients.Producer(Broker.Bootstrap))
        {
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(P0.Topic, 0), new() { Key = "filing:1", Value = "值" }, Token);
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(P0.Topic, 0), new() { Key = "filing:1", Value = null! }, Token);
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(P0.Topic, 0), new() { Key = null!, Value = "no key" }, Token);
            var foreign = new Headers { { "hub-version", "seven"u8.ToArray() }, { "hub-operation", null }, { "other", "x"u8.ToArray() } };
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(P0.Topic, 0), new() { Key = "no source", Value = "odd headers", Headers = foreign }, Token);
        }

        var log = Open();
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var entries = await LogContractEntry.ReadAllAsync(reader, await log.ReadEndsAsync([P0.Topic], Token), 1000, Token);
        Assert.Equal(
            [
                new(P0, "filing:1", "值", 0, "filing", Operation.Update, Offset: 0),
                new(P0, "filing:1", null, 0, "filing", Operation.Delete, Offset: 1),
                new(P0, "", "no key", 0, "", Operation.Update, Offset: 2),
                new(P0, "no source", "odd headers", 0, "", Operation.Update, Offset: 3),
            ],
            entries);
    }

    private Task<List<Message<byte[], byte[]?>>> RecordsAsync(Confluent.Kafka.TopicPartition place, int count) => Task.Run(
        () =>
        {
            using var consumer = new ConsumerBuilder<byte[], byte[]?>(new ConsumerConfig { BootstrapServers = Broker.Bootstrap, GroupId = "form" }).Build();
            consumer.Assign(new TopicPartitionOffset(place, 0));
            return Enumerable.Range(0, count).Select(_ => consumer.Consume(Token).Message).ToList();
        },
        Token);

    private static string HeadersOf(Message<byte[], byte[]?> record) => string.Join(' ', record.Headers.Select(header => $"{header.Key}={Encoding.UTF8.GetString(header.GetValueBytes())}"));
}
