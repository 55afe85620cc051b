using Confluent.Kafka;

namespace Hub.Log.Kafka;

/// <summary>Calls of the client library that block: made in short parts, so that they end soon after they are cancelled.</summary>
internal static class BlockingCalls
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Runs the calls on a thread of their own: a reader waits in one for as long as nothing comes, and threads of the pool that wait are missing
    /// where the answers would be dealt with.
    /// </summary>
    public static Task<T> OnThreadAsync<T>(Func<T> work)
        => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    public static Task OnThreadAsync(Action work)
        => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    /// <summary>Calls again for as long as the call only ran out of its part of the time, up to the limit; not if the brokers refuse the login.</summary>
    /// <param name="call">Is given how long it may take, and goes on with what it had begun when it is called again.</param>
    public static T Run<T>(Func<TimeSpan, T> call, KafkaClients clients, CancellationToken cancellationToken)
    {
        var (time, limit) = (clients.Options.Time, clients.Options.Timeout);
        var began = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var answer = call(Slice);
                clients.Trouble.Clear();
                return answer;
            }
            catch (KafkaException failure) when (MayPass(failure) && !clients.Trouble.IsRefused && time.GetElapsedTime(began) < limit)
            {
                cancellationToken.WaitHandle.WaitOne(Pause);
            }
        }
    }

    public static void Run(Action<TimeSpan> call, KafkaClients clients, CancellationToken cancellationToken) => Run(
        slice =>
        {
            call(slice);
            return true;
        },
        clients, cancellationToken);

    private static bool MayPass(KafkaException failure) => failure is KafkaRetriableException || failure.Error.Code is ErrorCode.Local_TimedOut or ErrorCode.Local_Transport;
}
