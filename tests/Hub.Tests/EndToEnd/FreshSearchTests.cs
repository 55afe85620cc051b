using System.Net;
using System.Text.Json;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Index.Elasticsearch;
using Hub.Index.Lucene;
using Hub.Log.Sqlite;
using Hub.Server;
using Hub.Server.Ops;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>A request says how fresh its answer must be. A real log, index and API; the sink between them starts when the test says so.</summary>
public abstract class FreshSearchTests : IAsyncLifetime
{
    private static readonly TopicPartition Place = new(Things.Subject, 0);
    private static readonly string[] Topics = [Things.Subject, DeadLetterBook.Topic];

    private ScratchFolder folder = null!;
    private readonly CancellationTokenSource stop = new();
    private SqliteLog log = null!;
    private IIndex index = null!;
    private SchemaCatalog catalog = null!;
    private WebApplication app = null!;
    private HttpClient http = null!;
    private Task? sink;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Freshness Freshness => app.Services.GetRequiredService<Freshness>();

    protected abstract IIndex Open(string folder, SchemaCatalog catalog);

    public virtual async ValueTask InitializeAsync()
    {
        folder = new();
        catalog = Things.LoadCatalog(folder.Path);
        log = new(new() { Path = folder.At("log.db") });
        index = Open(folder.At("index"), catalog);
        await index.AttachAsync(await LogIdentity.ReadAsync(log, Cancel), Cancel);
        app = Composition.Build(new() { Address = new("http://127.0.0.1:0") }, services => services.AddSingleton<ILog>(log).AddSingleton(index).AddSingleton(catalog));
        var state = app.Services.GetRequiredService<HubState>();
        state.Topics = Topics;
        state.Sources = () => [new(Things.Source, SourceState.Streaming, DateTimeOffset.UnixEpoch, null, Freshness.AsOf(Things.Source), null, null, null, 0, 0, [])];
        foreach (var topic in Topics)
            await log.EnsureTopicAsync(topic, 1, Cancel);
        await app.StartAsync(Cancel);
        http = new() { BaseAddress = new(app.Urls.First()) };
    }

    public virtual async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (sink is not null)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sink);
        http.Dispose();
        await app.DisposeAsync();
        await log.DisposeAsync();
        folder.Dispose();
        stop.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_a_receipt_names_is_in_the_answer_that_waits_for_it()
    {
        await AppendAsync("a", "端午");
        var receipt = await ReceiptAsync();
        var waiting = GetAsync($"/api/v1/search?q=端午&waitFor={receipt}&wait=60s");
        var record = GetAsync($"/api/v1/records/{Things.Subject}/things:a?waitFor={receipt}&wait=60s");

        Run();
        Assert.Equal(1, (await waiting).GetProperty("total").GetInt64());
        Assert.Equal("端午", (await record).GetProperty("title").GetString());
    }

    [Fact]
    public async Task A_receipt_that_is_late_is_503_with_the_partition_its_source_and_when_to_ask_again()
    {
        await AppendAsync("a", "端午");
        var (problem, pause) = await LateAsync($"/api/v1/search?waitFor={await ReceiptAsync()}&wait=0s");
        Assert.Equal((Codes.ReceiptLate, $"{Place}", "Test.thing/0 (things) is not read by the index.", 1), (problem.Code, problem.Place, problem.Detail, pause));

        Run();
        await GetAsync($"/api/v1/search?waitFor={await ReceiptAsync()}");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sink!);
        sink = null;
        await AppendAsync("b", "中秋");
        (problem, _) = await LateAsync($"/api/v1/search?waitFor={await ReceiptAsync()}&wait=10ms");
        Assert.Equal("Test.thing/0 (things) is searchable up to offset 1, and not yet up to 2.", problem.Detail);
    }

    [Fact]
    public async Task Each_write_is_found_by_who_waits_for_its_receipt()
    {
        Run();
        for (var round = 1; round <= 10; round++)
        {
            await AppendAsync($"r{round}", "龙舟");
            Assert.Equal(round, (await GetAsync($"/api/v1/search?q=龙舟&size=0&waitFor={await ReceiptAsync()}&wait=60s")).GetProperty("total").GetInt64());
        }
    }

    [Fact]
    public async Task An_answer_is_as_fresh_as_it_must_be()
    {
        Run();
        var moment = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        var waiting = GetAsync("/api/v1/search?q=端午&minFreshness=2026-03-01T16:00:00%2B08:00&wait=60s");
        Freshness.Written(Things.Source, moment, await AppendAsync("a", "端午"));

        var answer = await waiting;
        Assert.Equal(1, answer.GetProperty("total").GetInt64());
        Assert.Equal(moment, answer.GetProperty("asOf").GetProperty(Things.Source).GetDateTimeOffset());
        await GetAsync($"/api/v1/records/{Things.Subject}/things:a?minFreshness=2026-03-01T08:00:00Z");
    }

    [Fact]
    public async Task A_source_that_is_late_is_named_with_what_it_is_complete_as_of()
    {
        var (problem, _) = await LateAsync("/api/v1/search?minFreshness=30s&wait=0s");
        Assert.Equal((Codes.SourceLate, Things.Source, "The source 'things' is not complete yet: its first full read is not searchable."), (problem.Code, problem.Place, problem.Detail));

        Run();
        Freshness.Written(Things.Source, new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero), await AppendAsync("a", "端午"));
        await GetAsync("/api/v1/search?minFreshness=2026-03-01T08:00:00Z&wait=60s");
        (problem, var pause) = await LateAsync("/api/v1/search?minFreshness=2026-03-01T08:00:01Z&wait=10ms");
        Assert.Equal((Codes.SourceLate, "The source 'things' is complete as of 2026-03-01T08:00:00Z, and not yet as of 2026-03-01T08:00:01Z.", 1), (problem.Code, problem.Detail, pause));
    }

    [Fact]
    public async Task Sources_that_are_not_asked_are_not_waited_for()
        => await GetAsync("/api/v1/search?source=others&minFreshness=1s&wait=0s");

    [Fact]
    public async Task A_receipt_of_another_log_is_refused()
    {
        var other = Receipt.Of("another log", new Dictionary<TopicPartition, long> { [Place] = 1 });
        Assert.Equal(Codes.QueryReceipt, (await GetAsync($"/api/v1/search?waitFor={other}", 400)).GetProperty("code").GetString());
    }

    private void Run()
        => sink = new IndexSink(log, index, new(catalog, TimeProvider.System), Freshness, new() { Partitions = 1 }, TimeProvider.System, NullLogger<IndexSink>.Instance).RunAsync(Topics, stop.Token);

    private async Task<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(string id, string name)
    {
        var batch = new LogBatch();
        Things.Add(batch, catalog, Place, id, name);
        return await log.AppendAsync(batch, null, Cancel);
    }

    private async Task<string> ReceiptAsync() => (await GetAsync("/api/v1/receipt")).GetProperty("receipt").GetString()!;

    private async Task<JsonElement> GetAsync(string path, int status = 200)
    {
        using var response = await http.GetAsync(path, Cancel);
        var body = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(status == (int)response.StatusCode, $"{path}: {(int)response.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task<((string? Code, string? Place, string? Detail) Problem, double? Pause)> LateAsync(string path)
    {
        using var response = await http.GetAsync(path, Cancel);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel)).RootElement;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        return ((problem.GetProperty("code").GetString(), problem.GetProperty("place").GetString(), problem.GetProperty("detail").GetString()), response.Headers.RetryAfter?.Delta?.TotalSeconds);
    }
}

public sealed class LuceneFreshSearchTests : FreshSearchTests
{
    protected override IIndex Open(string folder, SchemaCatalog catalog) => new LuceneIndex(new() { Folder = folder }, catalog);
}

[Trait("needs", "engine")]
public sealed class ElasticsearchFreshSearchTests(EngineFixture engine) : FreshSearchTests
{
    private readonly string prefix = EngineFixture.Prefix();
    private string address = "";

    public override async ValueTask InitializeAsync()
    {
        address = await engine.AddressAsync(Cancel);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (address.Length > 0)
            await base.DisposeAsync();
        await engine.ClearAsync(prefix);
        GC.SuppressFinalize(this);
    }

    protected override IIndex Open(string folder, SchemaCatalog catalog) => new ElasticsearchIndex(new() { Url = address, Prefix = prefix }, catalog);
}
