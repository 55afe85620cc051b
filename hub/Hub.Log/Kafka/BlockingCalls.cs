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

    /// <summary>Calls again for as long as the call only ran out of its part of the time, up to the limit.</summary>
    /// <param name="call">Is given how long it may take, and goes on with what it had begun when it is called again.</param>
    public static T Run<T>(Func<TimeSpan, T> call, KafkaLogOptions options, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return call(Slice);
            }
            catch (KafkaException failure) when (MayPass(failure) && options.Time.GetElapsedTime(began) < options.Timeout)
            {
                cancellationToken.WaitHandle.WaitOne(Pause);
            }
        }
    }

    public static void Run(Action<TimeSpan> call, KafkaLogOptions options, CancellationToken cancellationToken) => Run(
        limit =>
        {
            call(limit);
            return true;
        },
        options, cancellationToken);

    private static bool MayPass(KafkaException failure) => failure is KafkaRetriableException || failure.Error.Code is ErrorCode.Local_TimedOut or ErrorCode.Local_Transport;
}
