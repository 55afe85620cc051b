using System.Text.Json;
using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>What becomes of a batch: records, tombstones and dead letters in one append with the checkpoint.</summary>
public sealed class IngestWriterTests : PipelineParts
{
    private readonly EnvelopeBatch batch = new();
    private readonly RelationShape shape = Things.Shape();

    [Fact]
    public async Task Records_dead_letters_and_checkpoint_are_one_append()
    {
        var writer = await OpenAsync();
        Things.Add(batch, shape, "a", "一", 10);
        Things.Add(batch, shape, id: null, "无主键", 11);
        Things.Add(batch, shape, "b", "二", 12, Operation.Delete);
        await writer.WriteAsync(new(batch, new("p"), Clock.GetUtcNow()), Cancel);

        var things = await LogState.ReadAsync(Log, [Things.Subject], Cancel);
        Assert.Equal(2, things.Entries);
        Assert.Equal(["things:a"], things.Live(Things.Subject, Things.Source).Keys);
        var checkpoint = (await Log.ReadCheckpointAsync(Things.Source, Cancel))!;
        Assert.Equal(new Checkpoint(Things.Source, new("p"), Clock.GetUtcNow()), checkpoint.Checkpoint);
        Assert.Equal(2, checkpoint.EndOffsets.Where(end => end.Key.Topic == Things.Subject).Sum(end => end.Value));
        var (id, letter) = Assert.Single(await LettersAsync());
        Assert.Equal("things:test.thing:@p11", id);
        Assert.Equal((null, "11", "p11", "open"), (letter["documentKey"], letter["version"], letter["position"], letter["state"]));
        Assert.Equal("无主键", JsonDocument.Parse(letter["record"]!).RootElement.GetProperty("name").GetString());
    }

    /// <summary>As while a connector is renewed, whose older and newer schema stand side by side.</summary>
    [Fact]
    public async Task Shapes_that_alternate_are_compiled_once()
    {
        var writer = await OpenAsync();
        var other = new RelationShape("public.thing", [.. shape.Columns, new("added", "text", InKey: false)]);
        const int Rounds = 200;
        await WriteAsync();
        Assert.Equal("added", Assert.Single(writer.Drift).Message.Split('\'')[1]);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await WriteAsync();
        var perRecord = (GC.GetTotalAllocatedBytes(precise: true) - before) / (2.0 * Rounds);
        Assert.True(perRecord < 500, $"{perRecord} bytes a record");

        batch.Clear();
        Things.Add(batch, shape, "a", "last", 2);
        await writer.WriteAsync(new(batch, new("q")), Cancel);
        Assert.Empty(writer.Drift);

        async Task WriteAsync()
        {
            batch.Clear();
            for (var i = 0; i < Rounds; i++)
            {
                Things.Add(batch, shape, "a", "older", 1);
                Things.Add(batch, other, "b", "newer", 1);
                batch.AddNull();
            }

            await writer.WriteAsync(new(batch, new("p")), Cancel);
        }
    }

    [Fact]
    public async Task A_record_that_the_source_could_not_read_is_a_letter_with_its_bytes_under_its_key()
    {
        var writer = await OpenAsync();
        Things.Add(batch, shape, "a", "would be mapped", 10);
        batch.Refuse(0, "The record is cut.", """{"value":"AAE="}"""u8);
        Things.Add(batch, shape, id: null, name: null, 11);
        batch.Refuse(1, "The record is noise.", """{"value":"/w=="}"""u8);
        await writer.WriteAsync(new(batch, new("p")), Cancel);

        Assert.Empty((await LogState.ReadAsync(Log, [Things.Subject], Cancel)).Live(Things.Subject, Things.Source));
        var letters = await LettersAsync();
        var letter = letters["things:test.thing:a"];
        Assert.Equal(("unreadable", "The record is cut.", """{"value":"AAE="}""", "10"), (letter["reason"], letter["detail"], letter["record"], letter["version"]));
        Assert.Equal("""{"value":"/w=="}""", letters["things:test.thing:@p11"]["record"]);

        batch.Clear();
        Things.Add(batch, shape, "a", "good", 12);
        await writer.WriteAsync(new(batch, new("q")), Cancel);
        Assert.Equal("superseded", (await LettersAsync())["things:test.thing:a"]["state"]);
    }

    [Fact]
    public async Task What_the_source_says_of_an_absent_value_stands_in_the_letter_of_a_row_that_needs_it()
    {
        var writer = await OpenAsync();
        foreach (var (key, explains) in new[] { ("a", true), ("b", false) })
        {
            batch.Begin(shape, Operation.Update, version: 1, occurredAt: 0, "p"u8);
            batch.Add(System.Text.Encoding.UTF8.GetBytes(key));
            batch.AddAbsent();
            if (explains)
                batch.Explain(0, "It was too large.");
        }

        Things.Add(batch, shape, "c", "whole", 2);
        batch.Explain(2, "Nobody needs this.");
        await writer.WriteAsync(new(batch, new("p")), Cancel);
        var letters = await LettersAsync();
        Assert.EndsWith("It was too large.", letters["things:test.thing:a"]["detail"], StringComparison.Ordinal);
        Assert.Contains("was left out by the source", letters["things:test.thing:b"]["detail"], StringComparison.Ordinal);
        Assert.Equal(["things:c"], (await LogState.ReadAsync(Log, [Things.Subject], Cancel)).Live(Things.Subject, Things.Source).Keys);
    }

    [Fact]
    public void What_is_said_of_an_envelope_goes_with_it()
    {
        Things.Add(batch, shape, "a", "1", 1);
        Things.Add(batch, shape, "b", "2", 2);
        Things.Add(batch, shape, "c", "3", 3);
        batch.Explain(2, "of c");
        batch.Explain(1, "of b");
        batch.RemoveAt(0);
        Assert.Equal(("of b", "of c"), (batch.NoteOf(0)?.Reason, batch.NoteOf(1)?.Reason));
        batch.RemoveAt(0);
        Assert.Equal(("of c", null), (batch.NoteOf(0)?.Reason, batch.NoteOf(1)?.Reason));
        batch.Clear();
        Assert.Null(batch.NoteOf(0));
    }

    [Fact]
    public async Task A_row_of_the_first_full_read_can_be_refused_too()
    {
        var writer = await OpenAsync();
        batch.Begin(shape, Operation.Snapshot, version: 1, occurredAt: 0, "p"u8);
        batch.AddNull();
        batch.AddNull();
        await writer.WriteAsync(new(batch, new("p")), Cancel);
        Assert.Null(Assert.Single(await LettersAsync()).Value["occurredAt"]);
    }

    [Fact]
    public async Task An_append_that_failed_leaves_no_letter_closed_that_the_log_holds_open()
    {
        var log = new FailingLog(Log);
        var writer = await OpenAsync(log);
        await AppendAsync("a", version: 11);
        Things.Add(batch, shape, "a", "一", 12);
        log.Failure = new IOException("no space left");
        await Assert.ThrowsAsync<IOException>(async () => await writer.WriteAsync(new(batch, new("2")), Cancel));

        // As the runner does before it reads the batch again.
        await writer.OpenAsync(4, Cancel);
        Assert.Equal(1, DeadLetters.CountOpen(Things.Source));
        await writer.WriteAsync(new(batch, new("2")), Cancel);
        Assert.Equal("superseded", Assert.Single(await LettersAsync()).Value["state"]);
        Assert.Equal(0, DeadLetters.CountOpen(Things.Source));
    }

    [Fact]
    public async Task A_letter_is_closed_by_a_version_that_is_not_older_also_by_another_Hub()
    {
        Add("a", version: 10);
        Assert.Equal(1, DeadLetters.CountOpen(Things.Source));
        var entries = new LogBatch();
        DeadLetters.Supersede(entries, Things.Source, Things.Subject, "a"u8, version: 9);
        DeadLetters.Supersede(entries, Things.Source, "test.other", "a"u8, version: 11);
        Assert.Equal(0, entries.Count);
        await AppendAsync("a", version: 10);

        var next = new DeadLetterBook(Catalog, Clock);
        await next.LoadAsync(Log, Cancel);
        Assert.Equal(1, next.CountOpen(Things.Source));
        next.Supersede(entries, Things.Source, Things.Subject, "a"u8, version: 10);
        Assert.Equal((1, 0), (entries.Count, next.CountOpen(Things.Source)));
        await Log.AppendAsync(entries, null, Cancel);
        Assert.Equal("superseded", Assert.Single(await LettersAsync()).Value["state"]);

        var third = new DeadLetterBook(Catalog, Clock);
        await third.LoadAsync(Log, Cancel);
        Assert.Equal(0, third.CountOpen(Things.Source));
    }

    [Fact]
    public void A_document_refused_twice_is_one_letter()
    {
        Add("a", version: 10);
        Add("a", version: 11);
        Add("b", version: 12);
        Assert.Equal(2, DeadLetters.CountOpen(Things.Source));
    }

    [Fact]
    public void An_emptied_subject_closes_the_letters_that_are_older()
    {
        Add("a", version: 10);
        Add("b", version: 20);
        var entries = new LogBatch();
        DeadLetters.SupersedeOlder(entries, Things.Source, Things.Subject, version: 20);
        Assert.Equal((1, 1), (entries.Count, DeadLetters.CountOpen(Things.Source)));
    }

    [Fact]
    public void A_mapping_that_refuses_everything_stops_its_source()
    {
        var entries = new LogBatch();
        for (var i = 0; i < DeadLetterBook.MaxOpen; i++)
        {
            entries.Clear();
            DeadLetters.Add(entries, Letter($"{i}", 1));
        }

        var failure = Assert.Throws<HubException>(() => DeadLetters.Add(entries, Letter("one more", 1)));
        Assert.Equal((Codes.TooManyDeadLetters, false), (failure.Findings[0].Code, failure.IsTransient));
    }

    private void Add(string key, long version) => DeadLetters.Add(new LogBatch(), Letter(key, version));

    private async Task AppendAsync(string key, long version)
    {
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        var entries = new LogBatch();
        DeadLetters.Add(entries, Letter(key, version));
        await Log.AppendAsync(entries, null, Cancel);
    }

    private static DeadLetter Letter(string key, long version) => new(
        $"{Things.Source}:{Things.Subject}:{key}", Things.Source, Things.Subject, "public.thing", key, version, Operation.Update, "p",
        DeadLetterReason.NotMapped, "does not fit", "{}", null);

    private async Task<IngestWriter> OpenAsync(ILog? log = null)
    {
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        var writer = new IngestWriter(Things.Define(Folder, Catalog), Catalog, log ?? Log, DeadLetters, Freshness);
        await writer.OpenAsync(4, Cancel);
        return writer;
    }

    private async Task<Dictionary<string, Dictionary<string, string?>>> LettersAsync()
        => (await LogState.ReadAsync(Log, [DeadLetterBook.Topic], Cancel)).Live(DeadLetterBook.Topic, Things.Source)
            .ToDictionary(pair => pair.Key, pair => ExpectedRecord.Of(Catalog, pair.Value.Value));

    /// <summary>A log on a disk that fails when the test says so.</summary>
    private sealed class FailingLog(ILog log) : ForwardingLog(log)
    {
        /// <summary>Thrown by the next append.</summary>
        public Exception? Failure { get; set; }

        public override ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
        {
            if (Failure is not { } failure)
                return base.AppendAsync(entries, checkpoint, cancellationToken);
            Failure = null;
            throw failure;
        }
    }
}
