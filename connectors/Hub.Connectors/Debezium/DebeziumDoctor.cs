using Confluent.Kafka;
using Hub.Core.Ops;
using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>
/// What <c>hub doctor</c> finds out about a source of Debezium topics: brokers, topics, retention, registry, and whether the newest
/// records read as the definition says.
/// </summary>
public static class DebeziumDoctor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Connects and reports what is wrong; commits nothing.</summary>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(
        DebeziumSourceOptions options, CancellationToken cancellationToken, Func<int, CancellationToken, ValueTask<string>>? schemas = null)
    {
        var findings = new List<Finding>();
        try
        {
            await using var consumer = new DebeziumConsumer(options);
            var decoder = new Sampler(options, DebeziumSource.FormatOf(options, schemas));
            var found = 0;
            foreach (var table in options.Tables.Select(options.Open))
                if (await consumer.LookAsync(table.Topic) is not { } state)
                    findings.Add(new(
                        Codes.SourceTopicMissing, Severity.Warning, table.Mapping.Place, $"there is no topic {table.Topic}.",
                        "A connector makes it with the table's first row. If the table has rows: check table.include.list of the connector, 'topicPrefix' and 'topic'."));
                else if (++found > 0)
                    await ExamineTopicAsync(options, consumer, table, state, decoder, findings, cancellationToken);
            foreach (var topic in options.SignalTopics)
                await ExamineSignalAsync(options, consumer, topic, decoder, findings, cancellationToken);
            if (found == 0)
                findings.AddRange(DebeziumFailures.TopicsMissing(options, options.Tables.Select(options.TopicOf)).Findings);
            else if (findings.TrueForAll(finding => finding.Severity != Severity.Error))
                findings.Add(new(Codes.Examined, Severity.Information, options.Place, $"Kafka at {options.Bootstrap}: {found} of {options.Tables.Length} topics can be read."));
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            findings.AddRange((failure as HubException ?? DebeziumFailures.Explain(failure, options))?.Findings
                ?? [new(Codes.SourceFailed, Severity.Error, options.Place, failure.Message)]);
        }

        return findings;
    }

    private static async Task ExamineTopicAsync(
        DebeziumSourceOptions options, DebeziumConsumer consumer, DebeziumTable table, TopicState state, Sampler sampler, List<Finding> findings, CancellationToken cancellationToken)
    {
        for (var i = 0; i < state.Partitions; i++)
        {
            var partition = new TopicPartition(table.Topic, i);
            var ends = await consumer.EndsAsync(partition);
            if (ends.Low.Value > 0 && !options.TakesAvailable)
                findings.Add(DebeziumFailures.BeginningExpired(options, $"{table.Topic}/{i}", ends.Low.Value).Findings[0] with { Severity = Severity.Warning });
            if (ends.High.Value > ends.Low.Value && await NewestAsync(consumer, partition, table, ends, cancellationToken) is { } record)
                await sampler.ExamineAsync(record, table, findings, cancellationToken);
        }
    }

    private static async Task ExamineSignalAsync(
        DebeziumSourceOptions options, DebeziumConsumer consumer, string topic, Sampler sampler, List<Finding> findings, CancellationToken cancellationToken)
    {
        var partition = new TopicPartition(topic, 0);
        if (await consumer.LookAsync(topic) is null)
            findings.Add(new(
                Codes.SourceTopicMissing, Severity.Warning, options.Place, $"there is no topic {topic}, so the source cannot tell since when it is complete.",
                "Set heartbeat.interval.ms of the connector; the topic is __debezium-heartbeat.<topic.prefix> unless topic.heartbeat.prefix says otherwise."));
        else if (await consumer.EndsAsync(partition) is { } ends && ends.High.Value > ends.Low.Value
            && await NewestAsync(consumer, partition, null, ends, cancellationToken) is { } record && !await sampler.IsSignalAsync(record, cancellationToken))
            findings.Add(new(
                Codes.RecordForm, Severity.Warning, options.Place, $"the newest record of {topic} tells no moment.", "Name the heartbeat topic of the connector, written by the converter that 'format' names."));
    }

    /// <summary>The newest record; null when the end of the partition holds none, as behind an aborted transaction.</summary>
    private static async Task<ConsumeResult<byte[], byte[]>?> NewestAsync(
        DebeziumConsumer consumer, TopicPartition partition, DebeziumTable? table, WatermarkOffsets ends, CancellationToken cancellationToken)
    {
        // The last offset may be a transaction's mark, and the last record a tombstone.
        consumer.Assign([new(partition, table, new(Math.Max(ends.Low.Value, ends.High.Value - 4)))]);
        ConsumeResult<byte[], byte[]>? newest = null;
        while (await consumer.WaitAsync(Patience, cancellationToken) is { IsPartitionEOF: false } record)
            newest = record.Message.Value is { Length: > 0 } || newest is null ? record : newest;
        return newest;
    }

    /// <summary>Reads sample records as the source would, into a batch that nobody writes.</summary>
    private sealed class Sampler(DebeziumSourceOptions options, IRecordFormat format)
    {
        private readonly EnvelopeBatch batch = new();

        public async Task ExamineAsync(ConsumeResult<byte[], byte[]> record, DebeziumTable table, List<Finding> findings, CancellationToken cancellationToken)
        {
            batch.Clear();
            var place = $"{record.Topic}/{record.Partition.Value}@{record.Offset.Value}";
            try
            {
                await new DebeziumDecoder(options, format, batch).DecodeAsync(record, table, new(record.TopicPartition, table, default), cancellationToken);
            }
            catch (HubException failure)
            {
                findings.AddRange(failure.Findings);
                return;
            }

            for (var i = 0; i < batch.Count; i++)
                if (batch.NoteOf(i) is { } note)
                    findings.Add(new(Codes.RecordForm, note.IsRefused ? Severity.Error : Severity.Warning, table.Mapping.Place, $"the record {place} does not read as the definition says: {note.Reason}"));
            foreach (var column in table.Mapping.Columns.Where(column => record.Message.Value is not null && table.Plan.Shape.IndexOf(column) < 0))
                findings.Add(new(
                    Codes.ColumnMissing, Severity.Warning, table.Mapping.Place, $"the record {place} has no column '{column}'.",
                    Nearest.Suggest(column, [.. table.Plan.Shape.Columns.Select(known => known.Name)], "columns")));
        }

        public async Task<bool> IsSignalAsync(ConsumeResult<byte[], byte[]> record, CancellationToken cancellationToken)
            => await new DebeziumDecoder(options, format, batch).ReadSignalAsync(record, cancellationToken) > 0;
    }
}
