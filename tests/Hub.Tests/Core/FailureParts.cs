using System.Runtime.CompilerServices;
using System.Text;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Log.Sqlite;

namespace Hub.Tests.Core;

/// <summary>A real log with the parts around it, over one source <c>s</c> of one table whose rows are a key and an amount.</summary>
internal sealed class FailureParts : IAsyncDisposable
{
    public const string Subject = "test.payment";

    private readonly ScratchFolder folder = new();

    public FailureParts()
    {
        folder.Write("schemas/test/payment/1.avsc", MappingKit.PaymentSchema);
        folder.Write("schemas/hub/dead-letter/1.avsc", File.ReadAllBytes(Repository.At("schemas", "hub", "dead-letter", "1.avsc")));
        folder.Write("schemas/codes/fund-type.csv", MappingKit.FundTypes);
        var definition = folder.Write(
            "s.yaml", $"source: s\nkind: postgres\nconnection: c\npublication: p\nslot: l\ntables:\n  - table: public.t\n    subject: {Subject}\n    key: [k]\n    fields: {{ id: k, amount: v }}\n");
        Catalog = SchemaFolder.Load(folder.At("schemas"));
        Log = new(new SqliteLog(new() { Path = folder.At("log.db") }));
        DeadLetters = new(Catalog, TimeProvider.System);
        Writer = new(SourceDefinitionReader.Load(definition, Catalog), Catalog, Log, DeadLetters, Freshness);
    }

    public SchemaCatalog Catalog { get; }

    public FullLog Log { get; }

    public DeadLetterBook DeadLetters { get; }

    public Freshness Freshness { get; } = new();

    public IngestWriter Writer { get; }

    public static RelationShape Shape { get; } = new("public.t", [new("k", "text", true), new("v", "text", false)]);

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await DeadLetters.LoadAsync(Log, cancellationToken);
        await Writer.OpenAsync(2, cancellationToken);
    }

    /// <summary>One row in a batch of its own.</summary>
    public static SourceBatch Row(string key, string amount, long version, DateTimeOffset? completeAsOf = null)
    {
        var batch = new EnvelopeBatch();
        batch.Begin(Shape, Operation.Update, version, occurredAt: 1, Encoding.UTF8.GetBytes($"{version}"));
        batch.Add(Encoding.UTF8.GetBytes(key));
        batch.Add(Encoding.UTF8.GetBytes(amount));
        return new(batch, new($"{version}"), completeAsOf);
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>A log whose disk is full when a test says so.</summary>
internal sealed class FullLog(ILog inner) : ForwardingLog(inner)
{
    public bool IsFull { get; set; }

    public override ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
        => IsFull ? throw new IOException("No space left on device") : base.AppendAsync(entries, checkpoint, cancellationToken);
}

/// <summary>An index that refuses documents of one version, takes all others, and tells when it was made durable.</summary>
internal sealed class RefusingIndex(long refusedVersion) : IIndex
{
    public TaskCompletionSource Committed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyDictionary<TopicPartition, long>? DurableOffsets => null;

    public ValueTask AttachAsync(string logIdentity, CancellationToken cancellationToken) => default;

    public ValueTask WriteAsync(LogBatch entries, List<WriteOutcome> outcomes, CancellationToken cancellationToken)
    {
        outcomes.Clear();
        for (var i = 0; i < entries.Count; i++)
            outcomes.Add(entries[i].Version == refusedVersion ? new WriteOutcome.Rejected("too large") : WriteOutcome.Applied);
        return default;
    }

    public ValueTask RefreshAsync(CancellationToken cancellationToken) => default;

    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken)
    {
        Committed.TrySetResult();
        return default;
    }

    public ValueTask<SearchResult> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<StoredDocument?> GetAsync(string subject, string id, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<SubjectCount>> CountAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<StoredDocument> ScanAsync(string subject, string? afterId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;
}

/// <summary>A source that says where it stands, as after a reconnect, and then fails.</summary>
internal sealed class BrokenSource : ISource
{
    public int Reads { get; private set; }

    public string Name => "s";

    public async IAsyncEnumerable<SourceBatch> ReadAsync(SourcePosition? position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        Reads++;
        yield return new(new EnvelopeBatch(), new("same"));
        throw new InvalidDataException("A change cannot be read.");
    }

    public ValueTask AcknowledgeAsync(SourcePosition position, CancellationToken cancellationToken) => default;

    public ValueTask DisposeAsync() => default;
}
