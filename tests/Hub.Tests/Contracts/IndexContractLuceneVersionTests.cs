using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Lucene;
using Hub.Tests.Core;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>An index that was built for earlier versions: what a new one makes of the fields decides whether it still holds.</summary>
public sealed class LuceneIndexVersionTests
{
    private const string Id = """{ "name": "id", "type": "string", "hub.search": "keyword" }""";
    private const string No = """{ "name": "no", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";

    [Theory]
    [InlineData("a field that old records do not have", """{ "name": "more", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""", null)]
    [InlineData("a new name", """{ "name": "number", "aliases": ["no"], "type": ["null", "string"], "default": null, "hub.search": "keyword" }""", "'test.thing.no' had another name")]
    [InlineData("a default that old records have", """{ "name": "more", "type": "string", "default": "x", "hub.search": "keyword" }""", "before test.thing had the field 'more'")]
    [InlineData("a default that is not searched", """{ "name": "more", "type": "string", "default": "x" }""", null)]
    public async Task An_index_is_rebuilt_when_old_records_would_be_found_differently(string change, string field, string? reason)
    {
        using var folder = new ScratchFolder();
        await using (var index = Open(folder, SchemaKit.Catalog(SchemaKit.Record(Id, No))))
            await index.CommitAsync(new Dictionary<TopicPartition, long> { [new(SchemaKit.Subject, 0)] = 1 }, TestContext.Current.CancellationToken);

        var next = SchemaKit.Catalog(SchemaKit.Record(Id, No), SchemaKit.Record(Id, field));
        if (reason is null)
            await Open(folder, next).DisposeAsync();
        else
            Assert.True(Assert.Throws<HubException>(() => Open(folder, next)).Message.Contains(reason, StringComparison.Ordinal), change);
    }

    private static LuceneIndex Open(ScratchFolder folder, SchemaCatalog catalog) => new(new LuceneIndexOptions { Folder = folder.At("index") }, catalog);
}
