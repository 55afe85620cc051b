using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Hub.Benchmarks.Codec;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Partitioner = Hub.Core.Log.Partitioner;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Benchmarks.Kafka;

/// <summary>
/// One batch of payment details, twice: as Hub has it, and as a program that uses the Kafka client alone would. Ids and amounts differ from
/// record to record; the other texts are alike, as in a table.
/// </summary>
internal sealed class PaymentRecords
{
    public const int Partitions = 4;
    public const int Count = 2_800;
    private const string Source = "finance";

    private readonly CodecSample sample;

    public PaymentRecords(CodecSample sample)
    {
        this.sample = sample;
        var random = new Random(1);
        for (var i = 0; i < Count; i++)
            Add(i, random);
    }

    public LogBatch Batch { get; } = new();

    /// <summary>Partition, key and value of each record, and the texts of its headers.</summary>
    public List<(int Partition, byte[] Key, byte[] Value, byte[] Version, byte[] OccurredAt, byte[] Position)> Bare { get; } = [];

    public SubjectSchema Schema => sample.Schema;

    public double ValueBytes => Bare.Average(record => record.Value.Length);

    /// <summary>The headers of a record as Hub writes them.</summary>
    public Headers HeadersOf(int index)
    {
        var (_, _, _, version, occurredAt, position) = Bare[index];
        return new()
        {
            { "hub-source", SourceBytes }, { "hub-operation", OperationBytes }, { "hub-version", version }, { "hub-occurred-at", occurredAt }, { "hub-position", position },
        };
    }

    private static byte[] SourceBytes { get; } = Encoding.UTF8.GetBytes(Source);

    private static byte[] OperationBytes { get; } = Encoding.UTF8.GetBytes($"{(int)Operation.Update}");

    private void Add(int index, Random random)
    {
        var key = Encoding.UTF8.GetBytes($"{Source}:{random.GetHexString(16)}");
        var value = ValueOf(random);
        var (version, occurredAt) = (1_000_000_000L + index, 1_750_000_000_000_000L + index);
        var position = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{version:X16}-{index:D8}"));
        var partition = Partitioner.PartitionOf(key, Partitions);
        Bare.Add((partition, key, value, Digits(version), Digits(occurredAt), position));
        Batch.Add(new(
            new TopicPartition(Schema.Subject, partition), -1, Source, Operation.Update, version, occurredAt, Batch.Store(key), Batch.Store(value), Batch.Store(position)));
    }

    private byte[] ValueOf(Random random)
    {
        var writer = new AvroWriter();
        writer.BeginRecord(Schema.Id);
        foreach (var field in Schema.Fields)
        {
            writer.WriteBranch(field, isNull: false);
            if (field.Type == FieldType.String)
                writer.WriteBytes(field.Name.EndsWith("Id", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(random.GetHexString(18)) : sample.Utf8[field.Ordinal]);
            else if (field.Type == FieldType.Decimal)
                writer.WriteDecimal(random.Next(100_000_000));
            else
                writer.WriteLong(sample.Numbers[field.Ordinal]);
        }

        return writer.Written.ToArray();
    }

    private static byte[] Digits(long number) => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
