using System.Runtime.CompilerServices;
using Hub.Core.Records;
using Hub.Core.Sources;

namespace Hub.Tests.Core;

/// <summary>An outside system whose every reading goes as the test says.</summary>
internal sealed class ScriptedSource(string name, TimeProvider time) : ISource
{
    private readonly EnvelopeBatch batch = new();

    public string Name => name;

    /// <summary>One per call of <see cref="ReadAsync"/>; the last one goes for all that follow.</summary>
    public List<Func<EnvelopeBatch, IEnumerable<SourceBatch>>> Readings { get; } = [];

    /// <summary>When each reading began, and from where.</summary>
    public List<(DateTimeOffset Moment, string? Position)> Attempts { get; } = [];

    public Func<SourcePosition, Task> Acknowledged { get; set; } = _ => Task.CompletedTask;

    /// <summary>Set for a source that stays open after its last batch.</summary>
    public bool Streams { get; init; }

    public async IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        Func<EnvelopeBatch, IEnumerable<SourceBatch>> reading;
        lock (Attempts)
        {
            reading = Readings[Math.Min(Attempts.Count, Readings.Count - 1)];
            Attempts.Add((time.GetUtcNow(), position?.Text));
        }

        batch.Clear();
        foreach (var step in reading(batch))
        {
            yield return step;
            batch.Clear();
        }

        if (Streams)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    public async ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken) => await Acknowledged(position);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public int AttemptCount
    {
        get
        {
            lock (Attempts)
                return Attempts.Count;
        }
    }
}
