using System.Collections.Concurrent;

namespace Hub.Core.Schemas.Registry;

/// <summary>
/// Schemas by id, which never change. Whoever asks for one that is being fetched waits for that; what was not found or failed is
/// asked for again. Holds so many at most, and forgets the oldest first. For concurrent use.
/// </summary>
internal sealed class SchemaIdCache(int most, Func<int, Task<SchemaText?>> fetch)
{
    private readonly ConcurrentDictionary<int, Lazy<Task<SchemaText?>>> held = new();
    private readonly ConcurrentQueue<int> order = new();

    public int Count => held.Count;

    public async Task<SchemaText?> FindAsync(int id, CancellationToken cancellationToken)
    {
        var asked = held.GetOrAdd(id, Make);
        try
        {
            // One that gives up does not take the answer from the others, so the request itself knows nothing of this token.
            return await asked.Value.WaitAsync(cancellationToken);
        }
        finally
        {
            if (asked.Value is { IsCompleted: true } done && (!done.IsCompletedSuccessfully || await done is null))
                held.TryRemove(new(id, asked));
        }
    }

    private Lazy<Task<SchemaText?>> Make(int id)
    {
        order.Enqueue(id);
        while (order.Count > most && order.TryDequeue(out var oldest))
            held.TryRemove(oldest, out _);
        return new(() => fetch(id));
    }
}
