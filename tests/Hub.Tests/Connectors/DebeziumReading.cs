using System.Collections.Immutable;
using System.Text;
using Confluent.Kafka;
using Hub.Connectors.Debezium;
using Hub.Core.DeadLetters;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;

namespace Hub.Tests.Connectors;

/// <summary>One change that a record became: its row as text by column, where a column without a value is missing.</summary>
internal sealed record DebeziumChange(Operation Operation, long Version, IReadOnlyDictionary<string, string?> Row, string Position, long OccurredAt);

/// <summary>Reads records as the source does, without a broker.</summary>
internal sealed class DebeziumReading
{
    private readonly DebeziumSourceOptions options;
    private readonly DebeziumTable table;
    private readonly DebeziumDecoder decoder;
    private readonly PartitionReader partition;
    private long offset;

    public DebeziumReading(DebeziumUpstream upstream, bool isFlattened = false, string? connector = null, ImmutableDictionary<string, Setting>? types = null, PartitionPlace place = default,
        string unavailable = "__debezium_unavailable_value", params string[] columns)
    {
        var mapping = new TableMapping
        {
            Table = upstream.Table, Subject = Things.Subject, Key = [columns.Length == 0 ? "id" : columns[0]], Place = "things.yaml:6:5", Types = types ?? ImmutableDictionary<string, Setting>.Empty,
            Fields = [.. columns.Select(column => new FieldMapping { Field = column, Column = column, Place = "things.yaml:9:7" })],
        };
        options = new()
        {
            Name = "things", Place = "things.yaml", Bootstrap = "nowhere", TopicPrefix = DebeziumUpstream.Prefix, Tables = [mapping], IsFlattened = isFlattened, Connector = connector, UnavailableValue = unavailable,
            Form = upstream.Writing switch { DebeziumWriting.Avro => DebeziumForm.Avro, DebeziumWriting.Json => DebeziumForm.Json, _ => DebeziumForm.JsonSchemaless },
        };
        table = options.Open(mapping);
        decoder = new(options, DebeziumSource.FormatOf(options, (id, _) => upstream.SchemaAsync(id)), Batch);
        partition = new(new TopicPartition(upstream.Topic, 0), table, place);
    }

    public EnvelopeBatch Batch { get; } = new();

    public PartitionPlace Place => partition.Place;

    public async Task<IReadOnlyList<DebeziumChange>> ReadAsync(params Message<byte[], byte[]>[] records)
    {
        foreach (var record in records)
            await decoder.DecodeAsync(new() { Message = record, TopicPartitionOffset = new(partition.Partition, offset++) }, table, partition, default);
        return [.. Enumerable.Range(0, Batch.Count).Select(i => Change(Batch[i]))];
    }

    public async Task<long> SignalAsync(byte[] value)
        => await decoder.ReadSignalAsync(new() { Message = new() { Value = value }, TopicPartitionOffset = new(partition.Partition, 0) }, default);

    /// <summary>Reads one record again and again and looks at nothing.</summary>
    public async Task DecodeAsync(Message<byte[], byte[]> record, int times)
    {
        var result = new ConsumeResult<byte[], byte[]> { Message = record, TopicPartitionOffset = new(partition.Partition, 0) };
        for (var i = 0; i < times; i++)
            await decoder.DecodeAsync(result, table, partition, default);
    }

    /// <summary>The text of one column of one created row; null for one that is absent.</summary>
    public async Task<string?> TextAsync(Message<byte[], byte[]> record, string column = "v")
        => (await ReadAsync(record))[^1].Row.GetValueOrDefault(column);

    private DebeziumChange Change(in Envelope envelope)
    {
        var row = Batch.RowOf(envelope);
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < row.Shape.Columns.Length; i++)
            if (!row.CellAt(i).IsAbsent)
                values[row.Shape.Columns[i].Name] = row.CellAt(i).IsNull ? null : Encoding.UTF8.GetString(row[i]);
        return new(envelope.Operation, envelope.Version, values, Encoding.UTF8.GetString(Batch.PositionOf(envelope)), envelope.OccurredAt);
    }
}
