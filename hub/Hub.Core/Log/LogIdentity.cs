using Hub.Core.Sources;

namespace Hub.Core.Log;

/// <summary>
/// Tells one log from another, so that an index which keeps offsets is never fed from a log that they do not belong to. Kept in the
/// log itself, as the checkpoint of a source that no definition can name.
/// </summary>
public static class LogIdentity
{
    private const string Name = "@log";

    /// <summary>The log's identity; the first to ask gives it one.</summary>
    public static async ValueTask<string> ReadAsync(ILog log, CancellationToken cancellationToken)
    {
        if (await log.ReadCheckpointAsync(Name, cancellationToken) is { } known)
            return known.Checkpoint.Position.Text;
        // One at a time: two that begin together must get the same.
        await using var lease = await log.AcquireAsync(Name, cancellationToken);
        if (await log.ReadCheckpointAsync(Name, cancellationToken) is { } given)
            return given.Checkpoint.Position.Text;
        var identity = $"{Guid.NewGuid():N}";
        await log.AppendAsync(new(), new(Name, new SourcePosition(identity)), cancellationToken);
        return identity;
    }
}
