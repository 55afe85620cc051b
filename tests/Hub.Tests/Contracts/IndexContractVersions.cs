using Hub.Core.Index;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Tests.Core;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>Records of every version of a subject, and of foreign writers, are one kind of document.</summary>
public abstract partial class IndexContract
{
    private const string IdField = """{ "name": "id", "type": "string", "hub.search": "text", "hub.title": true }""";
    private const string First = """{ "name": "no", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";
    private const string Later = """{ "name": "number", "aliases": ["no"], "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";
    private const string State = """{ "name": "state", "type": { "type": "enum", "name": "State", "symbols": ["OPEN", "CLOSED"] }, "default": "OPEN", "hub.search": "keyword" }""";
    private const string Count = """{ "name": "count", "type": "long", "default": 5, "hub.search": "number" }""";

    [Fact]
    public async Task Records_of_every_version_are_found_by_the_fields_of_the_latest()
    {
        var catalog = SchemaKit.Catalog(SchemaKit.Record(First, IdField), SchemaKit.Record(State, IdField, Later, Count));
        Assert.True(catalog.TryAdd(70, SchemaKit.Subject, SchemaKit.Record("""{ "name": "tags", "type": { "type": "array", "items": "string" } }""", """{ "name": "count", "type": "int" }""", IdField), [], out _));
        await ReopenAsync(catalog);

        await WriteAsync(
            Thing("finance:1", 1, "02 02 39 06 E9A284"),                // number 9, 预
            Thing("finance:2", 2, "02 06 E9A284 02 02 39 0E"),          // CLOSED, 预, number 9, 7
            Thing("finance:3", 70, "02 02 78 00 10 06 E9A284"));        // one tag, 8, 预
        Assert.Equal(["finance:1", "finance:2"], (await IdsAsync(new TermFilter("number", ["9"]))).Order());
        Assert.Equal(["finance:1", "finance:3"], (await IdsAsync(new TermFilter("state", ["OPEN"]))).Order());
        Assert.Equal(["finance:1", "finance:2", "finance:3"], await IdsAsync(new SearchQuery { Sort = new("count", false) }));
        Assert.Equal(3, (await FindAsync("预")).Length);
    }

    [Fact]
    public async Task What_a_foreign_writer_wrote_is_read_after_a_restart_that_knows_nothing_of_its_schema()
    {
        string[] fields = [IdField, First, State, Count, """{ "name": "paid", "type": ["null", { "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }], "default": null, "hub.search": "amount" }"""];
        var catalog = SchemaKit.Catalog(SchemaKit.Record(fields));
        var foreign = SchemaKit.Record("""{ "name": "paid", "type": { "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2 } }""", """{ "name": "tags", "type": { "type": "array", "items": "string" } }""", """{ "name": "id", "type": "bytes" }""", State);
        Assert.True(catalog.TryAdd(70, SchemaKit.Subject, foreign, [], out _));
        await ReopenAsync(catalog);
        await WriteAsync(Thing("finance:1", 70, "04 FB2E 00 06 E9A284 02"), Thing("finance:2", 70, "24 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 06 E9A284 02"));
        await Index.CommitAsync(new Dictionary<Hub.Core.Log.TopicPartition, long>(), Token);

        var again = SchemaKit.Catalog(SchemaKit.Record(fields));
        await ReopenAsync(again);
        var held = (await Index.GetAsync(SchemaKit.Subject, "finance:1", Token))!;
        Assert.Equal(
            new Dictionary<string, string?> { ["id"] = "预", ["no"] = null, ["state"] = "CLOSED", ["count"] = "5", ["paid"] = "-1234" }.OrderBy(pair => pair.Key),
            SchemaKit.Values(again.Read(held.Value.Span)).OrderBy(pair => pair.Key));
        // More bytes than a decimal may have: such a record could be shown to nobody.
        Assert.Null(await Index.GetAsync(SchemaKit.Subject, "finance:2", Token));
    }

    [Fact]
    public async Task A_value_that_the_latest_version_cannot_take_is_rejected_with_its_field()
    {
        var catalog = SchemaKit.Catalog(SchemaKit.Record(IdField));
        Assert.True(catalog.TryAdd(70, SchemaKit.Subject, SchemaKit.Record("""{ "name": "id", "type": ["null", "string"] }"""), [], out _));
        await ReopenAsync(catalog);
        var rejected = Assert.IsType<WriteOutcome.Rejected>(Assert.Single(await WriteAsync(Thing("finance:1", 70, "00"))));
        Assert.Contains("field 'id'", rejected.Reason, StringComparison.Ordinal);
    }

    /// <summary>Closes the index and opens it for other subjects.</summary>
    protected async Task ReopenAsync(SchemaCatalog catalog)
    {
        await Index.DisposeAsync();
        Index = Open(catalog);
        await OpenedAsync();
    }

    protected static Entry Thing(string id, int schemaId, string hex)
        => new(SchemaKit.Subject, id, 1, SchemaKit.Wire(schemaId, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))), Operation.Update);
}
