using Confluent.Kafka;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>
/// The right to read a source: held by the member of the source's group that has the one partition of the topic of leases. The cluster
/// notices when a member is gone, and another gets the partition.
/// </summary>
internal sealed class KafkaLease : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly KafkaClients clients;
    private readonly string source;
    private readonly IConsumer<Ignore, Ignore> member;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource leaving = new();
    private readonly TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task staying;
    private int isLeaving;

    private KafkaLease(KafkaClients clients, KafkaTopics topics, string source)
    {
        (this.clients, this.source, Lost) = (clients, source, lost.Token);
        member = clients.Build(() => clients.Consumer<Ignore, Ignore>(topics.GroupOf($"hub-source-{source}"))
            .SetPartitionsAssignedHandler((_, assigned) => Grant(assigned))
            .SetPartitionsRevokedHandler((_, _) => Lose())
            .SetPartitionsLostHandler((_, _) => Lose())
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
            return await clients.AskAsync(
                $"the source '{source}' cannot be taken",
                async stop =>
                {
                    await lease.granted.Task.WaitAsync(stop);
                    return lease;
                }, cancellationToken);
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isLeaving, 1) == 1)
            return;
        await leaving.CancelAsync();
        await staying;
        await BlockingCalls.OnThreadAsync(() => KafkaClients.End(member));
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
            catch (KafkaException failure) when (IsPassing(failure))
            {
                // The library goes on by itself; if the membership is lost it says so by its handler.
            }
            catch (KafkaException failure)
            {
                granted.TrySetException(failure);
                Lose();
                return;
            }
        }
    }

    private bool IsPassing(KafkaException failure)
        => !failure.Error.IsFatal && clients.Explain(failure, source).Findings[0].Code != Codes.KafkaRefused;

    // Whoever listens must not hold up the library's thread.
    private void Lose() => _ = lost.CancelAsync();
}
