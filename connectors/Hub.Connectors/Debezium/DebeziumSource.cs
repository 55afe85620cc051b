using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Hub.Core.Records;
using Hub.Core.Sources;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Reads the topics that a Debezium connector writes. The place, an offset per partition, is saved with the entries it stands for,
/// so that each record is taken once whatever is killed when.
/// </summary>
/// <param name="schemas">Gives the schema with an id, as JSON, for records in Avro; other forms need none.</param>
public sealed class DebeziumSource(
    DebeziumSourceOptions options, TimeProvider time, Func<int, CancellationToken, ValueTask<string>>? schemas = null) : ISource
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    private readonly EnvelopeBatch batch = new();
    private DebeziumConsumer? reading;

    public string Name => options.Name;

    public async IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var steps = ReadStepsAsync(position, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await steps.MoveNextAsync())
                    break;
            }
            catch (Exception failure) when (DebeziumFailures.Explain(failure, options) is { } explained)
            {
                throw explained;
            }

            yield return steps.Current;
        }
    }

    public ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken)
    {
        reading?.Store(DebeziumPosition.Parse(position));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The form in which the definition says that records come.</summary>
    internal static IRecordFormat FormatOf(DebeziumSourceOptions options, Func<int, CancellationToken, ValueTask<string>>? schemas)
        => options.Form == DebeziumForm.Avro ? new AvroFormat(schemas ?? throw new ArgumentNullException(nameof(schemas)), options.IsFlattened) : new JsonFormat(options.Form == DebeziumForm.Json, options.IsFlattened);

    private async IAsyncEnumerable<SourceBatch> ReadStepsAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        batch.Clear();
        await using var consumer = new DebeziumConsumer(options);
        var topics = new DebeziumTopics(options, consumer, position is { } given ? DebeziumPosition.Parse(given) : null);
        await topics.LookAsync();
        topics.Assign();
        reading = consumer;
        try
        {
            // Saved before anything is read: from now on another topic of the same name is noticed.
            yield return new(batch, topics.Position.ToSourcePosition(), Snapshot: topics.Progress());
            await foreach (var step in FollowAsync(consumer, topics, cancellationToken))
                yield return step;
        }
        finally
        {
            reading = null;
        }
    }

    private async IAsyncEnumerable<SourceBatch> FollowAsync(DebeziumConsumer consumer, DebeziumTopics topics, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var decoder = new DebeziumDecoder(options, FormatOf(options, schemas), batch);
        var signals = new SignalClock(topics);
        for (var looked = time.GetTimestamp(); ;)
        {
            var more = await FillAsync(consumer, topics, decoder, signals, cancellationToken);
            var completeAsOf = await signals.PassAsync();
            if (batch.Count > 0 || completeAsOf is not null)
            {
                var progress = topics.Progress();
                yield return new(batch, topics.Position.ToSourcePosition(), completeAsOf, progress);
                batch.Clear();
            }

            if (time.GetElapsedTime(looked) < options.LookInterval || more)
                continue;
            if (await topics.LookAsync())
                topics.Assign();
            looked = time.GetTimestamp();
        }
    }

    /// <summary>Fills the batch with what is there, or waits a little for something; false when the topics had no more.</summary>
    private async Task<bool> FillAsync(
        DebeziumConsumer consumer, DebeziumTopics topics, DebeziumDecoder decoder, SignalClock signals, CancellationToken cancellationToken)
    {
        try
        {
            var record = consumer.Take() ?? await consumer.WaitAsync(Rest, cancellationToken);
            for (; record is not null; record = consumer.Take())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var partition = topics[record.TopicPartition];
                if (!record.IsPartitionEOF && partition.Table is { } table)
                    await decoder.DecodeAsync(record, table, partition, cancellationToken);
                else if (!record.IsPartitionEOF)
                    signals.Hear(await decoder.ReadSignalAsync(record, cancellationToken));
                partition.MoveTo(record.IsPartitionEOF ? record.Offset.Value : record.Offset.Value + 1);
                if (batch.SizeInBytes >= options.MaxBatchBytes)
                    return true;
            }
        }
        catch (ConsumeException failure) when (failure.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange or ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownPartition)
        {
            // The topic is not what it was; looking at it says how, and if nothing is wrong with it the reading begins once more.
            await topics.LookAsync();
            throw;
        }

        return false;
    }
}
