using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Core.Sinks;
using Hub.Index.Lucene;
using Hub.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>Records of writers that have a schema of their own, from a real log into a real index.</summary>
public sealed class WriterSchemasTests : PipelineParts
{
    private const int ForeignId = 4711;

    private const string Foreign = """
        {"type":"record","namespace":"upstream","name":"Thing","fields":[
          {"name":"extra","type":"long"},{"name":"name","type":"string"},{"name":"id","type":"string"}]}
        """;

    private static readonly TopicPartition Place = new(Things.Subject, 0);

    private readonly ScriptedRegistry registry = new();

    [Fact]
    public async Task A_foreign_record_is_read_once_its_schema_has_been_fetched_even_when_the_registry_was_down()
    {
        registry.Fail(new HttpRequestException("down"));
        registry.Answer(200, $$"""{"schema":{{System.Text.Json.JsonSerializer.Serialize(Foreign)}}}""");
        await AppendAsync("one", "two");
        await using var index = OpenIndex();
        using var stop = new CancellationTokenSource();
        var running = SinkOn(index).RunAsync([Things.Subject, DeadLetterBook.Topic], stop.Token);
        await AdvanceUntilAsync("both are found", async () => (await index.SearchAsync(new() { Text = "外来" }, Cancel)).Total == 2, TimeSpan.FromSeconds(1));
        Assert.Equal(2, registry.Requests.Count);
        Assert.Equal(0, DeadLetters.CountOpen(Things.Source));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData(404, """{"error_code":40403,"message":"Schema 4711 not found"}""")]
    [InlineData(200, """{"schema":"\"string\""}""")]
    [InlineData(200, """{"schema":"syntax = \"proto3\";","schemaType":"PROTOBUF"}""")]
    [InlineData(200, """{"schema":"{\"type\":\"record\",\"name\":\"Thing\",\"fields\":[{\"name\":\"id\",\"type\":\"boolean\"}]}"}""")]
    public async Task A_record_whose_schema_stays_unknown_is_a_dead_letter_and_the_registry_is_not_asked_for_each_one(int status, string answer)
    {
        registry.Always(status, answer);
        await AppendAsync("one", "two", "three");
        await using var index = OpenIndex();
        using var stop = new CancellationTokenSource();
        var running = SinkOn(index).RunAsync([Things.Subject, DeadLetterBook.Topic], stop.Token);
        await Wait.UntilAsync("all are dead letters", () => DeadLetters.CountOpen(Things.Source) == 3, () => $"{DeadLetters.CountOpen(Things.Source)}", Cancel);
        Assert.Single(registry.Requests);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_schema_that_was_missing_is_asked_for_again_after_a_while()
    {
        var schemas = Schemas();
        var batch = Batch("one");
        registry.Answer(404, """{"error_code":40403,"message":"Schema 4711 not found"}""");
        registry.Answer(200, $$"""{"schema":{{System.Text.Json.JsonSerializer.Serialize(Foreign)}}}""");
        await schemas.EnsureAsync(batch, Cancel);
        await schemas.EnsureAsync(batch, Cancel);
        Assert.False(Catalog.Knows(ForeignId));
        Clock.Advance(TimeSpan.FromSeconds(31));
        await schemas.EnsureAsync(batch, Cancel);
        Assert.True(Catalog.Knows(ForeignId));
        Assert.Equal(2, registry.Requests.Count);
    }

    [Fact]
    public async Task A_registry_that_refuses_Hub_is_not_a_reason_to_refuse_records()
    {
        registry.Answer(403, "");
        var failure = await Assert.ThrowsAsync<HubException>(async () => await Schemas().EnsureAsync(Batch("one"), Cancel));
        Assert.Equal(Codes.RegistryLoginRefused, failure.Findings[0].Code);
    }

    [Fact]
    public async Task Known_schemas_tombstones_and_garbage_are_not_asked_for()
    {
        var batch = new LogBatch();
        Things.Add(batch, Catalog, Place, "known", "名");
        Things.Add(batch, Catalog, Place, "gone", null);
        Things.Add(batch, Place, "garbage", [9, 9, 9, 9, 9, 9], version: 1);
        Things.Add(batch, Place, "short", [0], version: 1);
        await Schemas().EnsureAsync(batch, Cancel);
        Assert.Empty(registry.Requests);
    }

    private WriterSchemas Schemas()
        => new(Catalog, new RegistryClient(new HttpClient(registry), new RegistryOptions { Url = "http://r:8081" }), Clock, NullLogger<WriterSchemas>.Instance);

    private IndexSink SinkOn(LuceneIndex index)
        => new(Log, index, DeadLetters, Freshness, new() { Partitions = 1 }, Clock, NullLogger<IndexSink>.Instance, Schemas());

    private static LogBatch Batch(params string[] ids)
    {
        var (batch, writer) = (new LogBatch(), new AvroWriter());
        foreach (var id in ids)
        {
            writer.BeginRecord(ForeignId);
            writer.WriteLong(42);
            writer.WriteBytes("外来的"u8);
            writer.WriteBytes(System.Text.Encoding.UTF8.GetBytes(id));
            Things.Add(batch, Place, id, writer.Written.ToArray(), version: 1);
        }

        return batch;
    }

    private async Task AppendAsync(params string[] ids)
    {
        await Log.EnsureTopicAsync(Things.Subject, 1, Cancel);
        await Log.EnsureTopicAsync(DeadLetterBook.Topic, 1, Cancel);
        await Log.AppendAsync(Batch(ids), null, Cancel);
    }
}
