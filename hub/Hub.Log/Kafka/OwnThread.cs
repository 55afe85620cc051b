using System.Collections.Concurrent;

namespace Hub.Log.Kafka;

/// <summary>One thread that does one piece of work after the other, for calls that block again and again.</summary>
internal sealed class OwnThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];

    public OwnThread(string name) => new Thread(Run) { IsBackground = true, Name = name }.Start();

    public Task<T> RunAsync<T>(Func<T> call)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(call());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });
        return done.Task;
    }

    /// <summary>The thread ends once it has done what it was given.</summary>
    public void Dispose() => work.CompleteAdding();

    private void Run()
    {
        foreach (var next in work.GetConsumingEnumerable())
            next();
    }
}
