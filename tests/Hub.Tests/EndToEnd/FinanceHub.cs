using System.Text.Json;
using Hub.Demo.Finance;
using Hub.Index.Elasticsearch;
using Hub.Server.Hosting;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Engine;
using Hub.Tests.Fixtures.Kafka;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>The demo's finance database and a whole Hub that reads it by the shipped definition, on a log of either kind.</summary>
internal sealed class FinanceHub : IAsyncDisposable
{
    public const string Detail = "finance.paymentDetail";

    /// <summary>What the broker knows <see cref="Hub"/> by.</summary>
    public const string First = "first";

    private readonly DirectoryInfo folder;

    private readonly EngineFixture? engine;
    private readonly ElasticsearchOptions? index;

    private FinanceHub(TestDatabase database, string connection, DirectoryInfo folder, TransactionalBroker? broker, EngineFixture? engine, ElasticsearchOptions? index)
        => (Database, Connection, this.folder, Broker, this.engine, this.index) = (database, connection, folder, broker, engine, index);

    public TestDatabase Database { get; }

    /// <summary>What Hub connects by: the role <c>hub</c>, which may replicate and read the published tables.</summary>
    public string Connection { get; }

    public string Slot => $"hub_{Database.Name}";

    public string Connectors => Path.Combine(folder.FullName, "connectors");

    public RunningHub Hub { get; private set; } = null!;

    /// <summary>Holds the log, unless it is a file.</summary>
    public TransactionalBroker? Broker { get; }

    /// <summary>Holds the index; there only where it was given.</summary>
    public EngineFixture Engine => engine!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="engine">Holds the index; null: a folder does.</param>
    /// <param name="before">Changes the database or adds definitions before Hub starts.</param>
    /// <param name="index">Where the index is on the engine; null: with the engine's own address, and a prefix of its own.</param>
    public static async Task<FinanceHub> StartAsync(
        PostgresFixture postgres, LogKind log = LogKind.Sqlite, EngineFixture? engine = null, Func<FinanceHub, Task>? before = null, ElasticsearchOptions? index = null)
    {
        index ??= engine is null ? null : new ElasticsearchOptions { Url = await engine.AddressAsync(Cancel), Prefix = EngineFixture.Prefix() };
        var (database, connection) = await postgres.CreateFinanceAsync(Cancel);
        var finance = new FinanceHub(database, connection, Directory.CreateTempSubdirectory("hub-finance-"), log == LogKind.Kafka ? new() : null, engine, index);
        Shipped.WriteFinance(finance.Connectors, connection, finance.Slot);
        if (before is not null)
            await before(finance);
        finance.Hub = await finance.StartHubAsync(First);
        return finance;
    }

    public async ValueTask DisposeAsync()
    {
        if (Hub is not null)
            await Hub.DisposeAsync();
        if (Broker is not null)
            await Broker.DisposeAsync();
        if (engine is not null)
            await engine.ClearAsync(index!.Prefix);
        await Database.DisposeAsync();
        folder.Delete(recursive: true);
    }

    /// <summary>A Hub over the same database, broker and engine; whoever starts it ends it.</summary>
    /// <param name="name">Its data folder, and what the broker knows it by.</param>
    /// <param name="schemas">Null: those that are shipped.</param>
    public Task<RunningHub> StartHubAsync(string name, string? schemas = null)
        => RunningHub.StartAsync(Path.Combine(folder.FullName, name), schemas ?? Shipped.Schemas, Connectors, Cancel, Broker is null ? null : KafkaLogs.OptionsOf(Broker, name), index);

    /// <summary>By what name the engine is searched for finance.paymentDetail and such.</summary>
    public string Alias(string subject) => $"{index!.Prefix}{string.Concat(subject.Select(letter => char.IsAsciiLetterUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"))}";

    /// <summary>Waits until Hub says that it is complete as of now, by the database's clock.</summary>
    public async Task CatchUpAsync(string source = "finance")
        => await Hub.WaitUntilCompleteAsync(source, await NowAsync(), Cancel);

    /// <summary>The database's clock.</summary>
    public Task<DateTime> NowAsync() => Database.ScalarAsync<DateTime>("SELECT clock_timestamp()", Cancel);

    public async Task CommitAsync(string sql)
    {
        await Database.ExecuteAsync(sql, Cancel);
        await CatchUpAsync();
    }

    public Task<JsonElement> SearchAsync(string query) => Hub.GetAsync($"/api/v1/search?{query}", Cancel);

    public async Task<long> CountAsync(string query) => (await SearchAsync($"{query}&size=0")).GetProperty("total").GetInt64();

    public Task<JsonElement> RecordAsync(string subject, string key)
        => Hub.GetAsync($"/api/v1/records/{subject}/{Uri.EscapeDataString($"finance:{key}")}", Cancel);

    /// <summary>Every hit of a search, over all its pages.</summary>
    public async IAsyncEnumerable<JsonElement> HitsAsync(string query)
    {
        string? cursor = null;
        do
        {
            var page = await SearchAsync($"{query}&size=500&highlight=false{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            foreach (var hit in page.GetProperty("hits").EnumerateArray())
                yield return hit;
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
    }

    public Task<Comparison> CompareAsync(string source = "finance") => CompareAsync(Hub, source);

    /// <summary>The same with the index of another Hub.</summary>
    public Task<Comparison> CompareAsync(RunningHub hub, string source = "finance")
        => Comparison.OfAsync(Database.ConnectionString, hub.Definitions.Single(definition => definition.Name == source), hub.Catalog, hub.Log, hub.Index, Cancel);

    /// <summary>Fails unless tables, log and index hold the same.</summary>
    public async Task AssertEqualAsync()
    {
        var comparison = await CompareAsync();
        Assert.True(comparison.IsEqual, comparison.ToString());
    }

    public Task<FinanceActivity> OpenActivityAsync(int seed)
        => FinanceActivity.OpenAsync(Database.ConnectionString, new() { Seed = seed }, TimeProvider.System, Cancel);

    /// <summary>A payment detail with the least that it needs.</summary>
    public static string InsertDetail(string id, string word, string amount = "100.50", string deleted = "2")
        => $"INSERT INTO pay_detail (pay_detail_id, mof_div_code, fiscal_year, pay_amt, add_word, is_deleted) VALUES ('{id}', '320206000', '2026', {amount}, '{word}', '{deleted}');";
}
