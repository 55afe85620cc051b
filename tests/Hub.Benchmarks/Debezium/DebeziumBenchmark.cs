using System.Globalization;
using System.Text.Json;
using Avro;
using Avro.Generic;
using Avro.IO;
using Confluent.Kafka;
using Hub.Benchmarks.Codec;
using Hub.Connectors.Debezium;
using Hub.Core.DeadLetters;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Tests.Connectors;

namespace Hub.Benchmarks.Debezium;

/// <summary>
/// Records of a connector decoded into a batch, decoded and mapped to the subject's Avro, and the same where two schemas alternate; beside
/// Apache.Avro's generic reader and System.Text.Json's document, which stop at objects that somebody has yet to look into.
/// </summary>
public static class DebeziumBenchmark
{
    private const int BatchRecords = 500;
    private const int Turns = 3;

    public static void Run(TextWriter output, string root)
    {
        var sample = CodecSample.Load(root);
        foreach (var writing in Enum.GetValues<DebeziumWriting>())
        {
            var records = new DebeziumRecords(sample, writing);
            var hub = new Decoding(sample, records, writing);
            (string Name, Action<int> Work)[] works =
            [
                ("decode, Hub", count => hub.Decode(count, isMapped: false)),
                writing == DebeziumWriting.Avro ? ("decode, Apache.Avro", Avro(records)) : ("parse, JsonDocument", Json(records)),
                ("decode and map, Hub", count => hub.Decode(count, isMapped: true)),
                ("the same, two schemas", hub.DecodeAlternating),
            ];
            // Turn and turn about, and the best turn of each: the machine has other things to do.
            var turns = Enumerable.Range(0, Turns).Select(_ => works.Select(work => CodecBenchmark.Measure(work.Name, work.Work)).ToList()).ToList();
            var figures = works.Select((_, i) => turns.Select(turn => turn[i]).MinBy(figure => figure.Nanoseconds)!).ToList();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{writing}: an update of {records.Topic}, {records.Columns} columns, {records.Record.Value.Length} bytes"));
            foreach (var figure in figures)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Name,-24}{1e9 / figure.Nanoseconds,10:F0} records/s{figure.AllocatedBytes,8:F0} bytes allocated a record"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  Hub / bare: {figures[1].Nanoseconds / figures[0].Nanoseconds:F2}"));
        }
    }

    private static Action<int> Avro(DebeziumRecords records)
    {
        var schema = Schema.Parse(records.Schema);
        var reader = new GenericDatumReader<GenericRecord>(schema, schema);
        var stream = new MemoryStream(records.Record.Value);
        var decoder = new BinaryDecoder(stream);
        GenericRecord? read = null;
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                stream.Position = WireFormat.HeaderSize;
                read = reader.Read(read!, decoder);
            }
        };
    }

    private static Action<int> Json(DebeziumRecords records) => count =>
    {
        for (var i = 0; i < count; i++)
        {
            using var document = JsonDocument.Parse(records.Record.Value);
            GC.KeepAlive(document);
        }
    };

    /// <summary>Hub's side: what the source does between the Kafka client and the log.</summary>
    private sealed class Decoding
    {
        private readonly EnvelopeBatch batch = new();
        private readonly DebeziumTable table;
        private readonly PartitionReader partition;
        private readonly DebeziumDecoder decoder;
        private readonly IngestWriter writer;
        private readonly DeadLetterBook letters;
        private readonly string source;
        private readonly ConsumeResult<byte[], byte[]>[] records;

        public Decoding(CodecSample sample, DebeziumRecords upstream, DebeziumWriting writing)
        {
            var options = new DebeziumSourceOptions
            {
                Name = sample.Definition.Name, Place = "benchmark", Bootstrap = "nowhere", TopicPrefix = DebeziumUpstream.Prefix, Tables = [upstream.Mapping],
                Form = writing switch { DebeziumWriting.Avro => DebeziumForm.Avro, DebeziumWriting.Json => DebeziumForm.Json, _ => DebeziumForm.JsonSchemaless },
            };
            table = options.Open(upstream.Mapping);
            partition = new(new(upstream.Topic, 0), table, default);
            decoder = new(options, DebeziumSource.FormatOf(options, (id, _) => upstream.SchemaAsync(id)), batch);
            (letters, source) = (new(sample.Catalog, TimeProvider.System), options.Name);
            writer = new(sample.Definition, sample.Catalog, new DiscardingLog(), letters, new Freshness());
            writer.OpenAsync(1, CancellationToken.None).GetAwaiter().GetResult();
            records = [.. new[] { upstream.Record, upstream.Newer }.Select(record => new ConsumeResult<byte[], byte[]> { Message = record, TopicPartitionOffset = new(upstream.Topic, 0, 0) })];
        }

        public void Decode(int count, bool isMapped)
        {
            for (var i = 0; i < count; i++)
                Decode(records[0], isMapped);
        }

        public void DecodeAlternating(int count)
        {
            for (var i = 0; i < count; i++)
                Decode(records[i % 2], isMapped: true);
        }

        private void Decode(ConsumeResult<byte[], byte[]> record, bool isMapped)
        {
            Finish(decoder.DecodeAsync(record, table, partition, CancellationToken.None));
            if (batch.Count < BatchRecords)
                return;
            if (isMapped)
                Finish(writer.WriteAsync(new(batch, new("p")), CancellationToken.None));
            if (letters.CountOpen(source) > 0)
                throw new InvalidOperationException("A record was not mapped; the figures would mean nothing.");
            batch.Clear();
        }

        private static void Finish(ValueTask step) => step.GetAwaiter().GetResult();
    }
}
