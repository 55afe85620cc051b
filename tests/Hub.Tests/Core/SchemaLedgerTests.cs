using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Log.Sqlite;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>A log is read with the schemas that it was written with, or not at all.</summary>
public sealed class SchemaLedgerTests : IAsyncLifetime
{
    private static readonly string First = Record("""{ "name": "a", "type": "string" }""", """{ "name": "b", "type": "string" }""");
    private static readonly string Second = Record("""{ "name": "a", "type": "string" }""");

    private readonly ScratchFolder folder = new();
    private SqliteLog log = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        log = new(new() { Path = folder.At("log.db") });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_same_schemas_more_versions_and_other_words_are_taken()
    {
        await CheckAsync(Catalog(First));
        await CheckAsync(Catalog(First));
        await CheckAsync(Catalog(First, Second));
        await CheckAsync(Catalog(First));
        await CheckAsync(Catalog(First.Replace("\"name\": \"a\"", "\"name\": \"a\", \"doc\": \"in other words\"", StringComparison.Ordinal), Second));
    }

    [Fact]
    public async Task Ids_of_another_registry_that_stand_for_something_else_here_are_refused()
    {
        await CheckAsync(Catalog(First, Second));
        var finding = (await RefusedAsync(Catalog(First, Second).WithIds(new Dictionary<int, int> { [1] = 2, [2] = 3 })))[0];
        Assert.Equal((Codes.SchemaIdsChanged, "test.thing 1", "has the schema id 2, which stands for test.thing 2 in the records of this log."), (finding.Code, finding.Place, finding.Message));
        Assert.Contains("registry.url", finding.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ids_of_another_registry_that_stand_for_nothing_here_are_refused_too()
    {
        await CheckAsync(Catalog(First));
        Assert.Equal("has the schema id 77, but 1 in the records of this log.", Assert.Single(await RefusedAsync(Catalog(First).WithIds(new Dictionary<int, int> { [1] = 77 }))).Message);
        // What was refused has left nothing behind.
        await CheckAsync(Catalog(First));
    }

    [Fact]
    public async Task A_version_that_is_given_another_hub_id_is_refused()
    {
        await CheckAsync(Catalog(First));
        using var other = Folder(First);
        other.Write("test/thing/1.avsc", File.ReadAllText(other.At("test/thing/1.avsc")).Replace("\"hub.id\": 1", "\"hub.id\": 50", StringComparison.Ordinal));
        Assert.Equal("has the schema id 50, but 1 in the records of this log.", Assert.Single(await RefusedAsync(SchemaFolder.Load(other.Path))).Message);
    }

    [Fact]
    public async Task A_version_that_was_changed_after_all_is_refused()
    {
        await CheckAsync(Catalog(First));
        Assert.Equal("Put the file back as it was, and add the change as the next version.", Assert.Single(await RefusedAsync(Catalog(Second))).Suggestion);
    }

    [Fact]
    public async Task What_the_log_holds_of_schemas_never_changes_its_form()
    {
        await CheckAsync(Catalog(Second));
        Assert.Equal("""{"1":{"version":"test.thing 1","form":"5a30ee95a0efd18d","text":"ba2adc7cd150613b"}}""", (await log.ReadCheckpointAsync("@schemas", Cancel))!.Checkpoint.Position.Text);
    }

    [Fact]
    public async Task What_nobody_has_written_by_may_still_change()
    {
        await SchemaLedger.CheckAsync(log, Catalog(First), Cancel);
        await SchemaLedger.CheckAsync(log, Catalog(Second), Cancel);
        await CheckAsync(Catalog(Second).WithIds(new Dictionary<int, int> { [1] = 7 }));
        await RefusedAsync(Catalog(First).WithIds(new Dictionary<int, int> { [1] = 7 }));
    }

    /// <summary>The check, and then a record of the subject.</summary>
    private async Task CheckAsync(SchemaCatalog catalog)
    {
        await SchemaLedger.CheckAsync(log, catalog, Cancel);
        await log.EnsureTopicAsync(Subject, 1, Cancel);
        var batch = new LogBatch();
        batch.Add(new(new(Subject, 0), -1, "finance", Operation.Update, 1, 0, batch.Store("finance:1"u8), batch.Store("any"u8), batch.Store([])));
        await log.AppendAsync(batch, null, Cancel);
    }

    private async Task<IReadOnlyList<Finding>> RefusedAsync(SchemaCatalog catalog) => (await Assert.ThrowsAsync<HubException>(() => SchemaLedger.CheckAsync(log, catalog, Cancel))).Findings;
}
