using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Reading records: answered when there are enough bytes, an error, or the reader's patience is over.</summary>
internal sealed class FetchRequests(BrokerState state)
{
    public async ValueTask FetchAsync(BrokerRequest request)
    {
        var fetch = Parse(request.Body);
        var began = state.Time.GetTimestamp();
        while (true)
        {
            List<FetchedPartition> read;
            Task grown;
            lock (state.Gate)
            {
                grown = state.Grown;
                read = Read(fetch, request);
            }

            var left = fetch.MaxWait - state.Time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || read.Sum(partition => partition.Bytes) >= fetch.MinBytes || read.Exists(partition => partition.Error != ErrorCode.NoError))
            {
                Write(request, fetch, read);
                return;
            }

            await grown.WaitAsync(left, state.Time, request.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            request.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static Fetch Parse(WireReader body)
    {
        body.Int32();
        var wait = TimeSpan.FromMilliseconds(body.Int32());
        var (minBytes, maxBytes, isolation) = (body.Int32(), body.Int32(), (IsolationLevel)body.Int8());
        body.Int32();
        body.Int32();
        var topics = body.Array(() => (Name: body.String(), Partitions: body.Array(() =>
        {
            var partition = body.Int32();
            body.Int32();
            var offset = body.Int64();
            body.Int64();
            return new FetchPlace(partition, offset, body.Int32());
        })));
        return new(wait, minBytes, maxBytes, isolation, [.. topics.Select(topic => new FetchTopic(topic.Name, topic.Partitions))]);
    }

    private List<FetchedPartition> Read(Fetch fetch, BrokerRequest request)
    {
        var read = new List<FetchedPartition>();
        var left = fetch.MaxBytes;
        foreach (var topic in fetch.Topics)
            foreach (var place in topic.Places)
            {
                var partition = state.Find(topic.Name, place.Partition);
                var error = request.Try(() => partition is null ? ErrorCode.UnknownTopicOrPart
                    : place.Offset < 0 || place.Offset > partition.HighWatermark ? ErrorCode.OffsetOutOfRange : ErrorCode.NoError);
                read.Add(error != ErrorCode.NoError ? new(place.Partition, error) : Read(partition!, place, fetch.Isolation, Math.Min(place.MaxBytes, left)));
                left -= read[^1].Bytes;
            }

        return read;
    }

    private static FetchedPartition Read(PartitionLog partition, FetchPlace place, IsolationLevel isolation, int maxBytes)
    {
        // Once another partition has filled the answer there is no "at least one batch" here.
        var batches = maxBytes > 0 ? partition.Read(place.Offset, isolation, maxBytes) : [];
        return new(place.Partition, ErrorCode.NoError)
        {
            HighWatermark = partition.HighWatermark, LastStable = partition.LastStable, Batches = [.. batches.Select(batch => (ReadOnlyMemory<byte>)batch.Bytes)],
            Aborted = isolation == IsolationLevel.ReadCommitted && batches.Count > 0 ? partition.Aborted(place.Offset, batches[^1].LastOffset + 1) : [],
        };
    }

    private static void Write(BrokerRequest request, Fetch fetch, List<FetchedPartition> read)
    {
        var answer = request.Answer;
        var next = 0;
        request.NoThrottle();
        answer.Error(ErrorCode.NoError);
        answer.Int32(0);
        answer.Array(fetch.Topics, topic =>
        {
            answer.String(topic.Name);
            answer.Array(topic.Places, _ => Write(answer, read[next++]));
        });
    }

    private static void Write(WireWriter answer, FetchedPartition read)
    {
        answer.Int32(read.Partition);
        answer.Error(read.Error);
        answer.Int64(read.HighWatermark);
        answer.Int64(read.LastStable);
        answer.Int64(read.Error == ErrorCode.NoError ? 0 : -1);
        answer.Array(read.Aborted, transaction =>
        {
            answer.Int64(transaction.Producer);
            answer.Int64(transaction.First);
        });
        answer.Int32(-1);
        answer.Bytes(read.Batches);
    }

    private sealed record Fetch(TimeSpan MaxWait, int MinBytes, int MaxBytes, IsolationLevel Isolation, FetchTopic[] Topics);

    private sealed record FetchTopic(string Name, List<FetchPlace> Places);

    private readonly record struct FetchPlace(int Partition, long Offset, int MaxBytes);

    private sealed record FetchedPartition(int Partition, ErrorCode Error)
    {
        public long HighWatermark { get; init; } = -1;

        public long LastStable { get; init; } = -1;

        public ReadOnlyMemory<byte>[] Batches { get; init; } = [];

        public List<AbortedTransaction> Aborted { get; init; } = [];

        public int Bytes => Batches.Sum(batch => batch.Length);
    }
}
