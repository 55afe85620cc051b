using Confluent.Kafka;

namespace Hub.Log.Kafka;

/// <summary>
/// The right to read a source: held by the member of the source's group that has the one partition of the topic of leases. The cluster
/// notices when a member is gone, and another gets the partition.
/// </summary>
internal sealed class KafkaLease : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly IConsumer<Ignore, Ignore> member;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource leaving = new();
    private readonly TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task staying;

    private KafkaLease(KafkaClients clients, KafkaTopics topics, string source)
    {
        Lost = lost.Token;
        member = clients.Build(() => clients.Consumer<Ignore, Ignore>(topics.GroupOf($"hub-source-{source}"))
            .SetPartitionsAssignedHandler((_, assigned) => Grant(assigned))
            .SetPartitionsRevokedHandler((_, _) => lost.Cancel())
            .SetPartitionsLostHandler((_, _) => lost.Cancel())
            .Build());
        member.Subscribe(topics.NameOf(KafkaTopics.Leases));
        staying = Task.Factory.StartNew(Stay, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public CancellationToken Lost { get; }

    /// <summary>Joins the source's group and waits until this member is the one that reads.</summary>
    public static async Task<KafkaLease> AcquireAsync(KafkaClients clients, KafkaTopics topics, string source, CancellationToken cancellationToken)
    {
        var lease = new KafkaLease(clients, topics, source);
        try
        {
            await lease.granted.Task.WaitAsync(cancellationToken);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await staying;
        // Leaving tells the cluster, so that another Hub need not wait until this one's silence is noticed.
        await Task.Run(() =>
        {
            member.Close();
            member.Dispose();
        });
    }

    private IEnumerable<TopicPartitionOffset> Grant(List<Confluent.Kafka.TopicPartition> assigned)
    {
        if (assigned.Count > 0)
            granted.TrySetResult();
        return assigned.Select(one => new TopicPartitionOffset(one, Offset.End));
    }

    /// <summary>Membership lasts for as long as somebody polls; there is nothing to read.</summary>
    private void Stay()
    {
        while (!leaving.IsCancellationRequested)
        {
            try
            {
                member.Consume(Poll);
            }
            catch (ConsumeException failure) when (!failure.Error.IsFatal)
            {
                // The library goes on by itself; if the membership is lost it says so by its handler.
            }
            catch (KafkaException failure)
            {
                lost.Cancel();
                granted.TrySetException(failure);
                return;
            }
        }
    }
}
