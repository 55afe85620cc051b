using Hub.Core.Log;
using Hub.Core.Ops;
using Microsoft.Extensions.Logging;

namespace Hub.Core.Schemas.Registry;

/// <summary>
/// Fetches the schemas of foreign writers before their records are decoded. A registry that cannot be reached is waited for: its
/// records are not wrong. A record whose schema is not there, or cannot be read as its subject, is left to be refused. Not for concurrent use.
/// </summary>
public sealed partial class WriterSchemas(SchemaCatalog catalog, ISchemaSource source, TimeProvider time, ILogger<WriterSchemas> logger)
{
    private const int MaxRefused = 10_000;

    /// <summary>A producer registers before it writes, so a schema that is missing is hardly on its way.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, long> refused = [];
    private int lastKnown;

    /// <summary>Makes every value of the batch readable that can be.</summary>
    /// <exception cref="HubException">The registry refuses Hub, or is none.</exception>
    public ValueTask EnsureAsync(LogBatch batch, CancellationToken cancellationToken)
        => NextUnknown(batch, 0) is >= 0 and var first ? new(AddAsync(batch, first, cancellationToken)) : ValueTask.CompletedTask;

    private async Task AddAsync(LogBatch batch, int first, CancellationToken cancellationToken)
    {
        for (var i = first; i >= 0; i = NextUnknown(batch, i + 1))
            await AddAsync(IdOf(batch, i), batch[i].Place.Topic, cancellationToken);
    }

    private async Task AddAsync(int id, string subject, CancellationToken cancellationToken)
    {
        var (schema, references) = await FetchAsync(id, cancellationToken);
        if (schema is null)
        {
            LogMissing(id, subject);
        }
        else if (schema.SchemaType is { } type && type != "AVRO")
        {
            LogRefused(id, subject, $"it is {type}, and Hub reads AVRO.");
        }
        else
        {
            var taken = catalog.TryAdd(id, subject, schema.Schema, references, out var findings);
            foreach (var finding in findings)
                LogRefused(id, subject, finding.Message);
            if (taken)
                return;
        }

        if (refused.Count >= MaxRefused)
            refused.Clear();
        refused[id] = time.GetTimestamp();
    }

    private async Task<(SchemaText? Schema, IReadOnlyList<string> References)> FetchAsync(int id, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var schema = await source.FindAsync(id, cancellationToken);
                return (schema, await source.ResolveAsync(schema?.References, cancellationToken));
            }
            catch (HubException failure) when (failure.IsTransient)
            {
                LogWaiting(id, RetryDelay.TotalSeconds, failure.Message);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    /// <summary>The next entry whose schema is not known and has not just been asked for in vain, or -1.</summary>
    private int NextUnknown(LogBatch batch, int from)
    {
        for (var i = from; i < batch.Count; i++)
        {
            var id = IdOf(batch, i);
            if (id == lastKnown)
                continue;
            if (catalog.Knows(id))
                lastKnown = id;
            else if (id != 0 && !(refused.TryGetValue(id, out var asked) && time.GetElapsedTime(asked) < AskAgainAfter))
                return i;
        }

        return -1;
    }

    /// <summary>0 when the entry has no value or one that is not in the wire format.</summary>
    private static int IdOf(LogBatch batch, int index)
    {
        var value = batch[index].Value;
        return value.Length >= WireFormat.HeaderSize && batch.Bytes(value)[0] == 0 ? WireFormat.ReadSchemaId(batch.Bytes(value)) : 0;
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "The schema {Id} of a record cannot be fetched; asks again in {Seconds} s: {Reason}")]
    private partial void LogWaiting(int id, double seconds, string reason);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Warning, Message = "No registry has the schema {Id} of a record of {Subject}")]
    private partial void LogMissing(int id, string subject);

    [LoggerMessage(EventId = 3103, Level = LogLevel.Warning, Message = "Schema {Id} of a writer of {Subject}: {Reason}")]
    private partial void LogRefused(int id, string subject, string reason);
}
