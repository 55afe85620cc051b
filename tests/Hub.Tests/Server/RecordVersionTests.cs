using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Schemas;
using Hub.Server.Hosting;
using Hub.Server.Search;
using Hub.Tests.Core;
using Xunit;

namespace Hub.Tests.Server;

/// <summary>The API shows a record of an earlier version with the fields of the latest.</summary>
public sealed class RecordVersionTests
{
    private static readonly SchemaCatalog Catalog = SchemaKit.Catalog(
        SchemaKit.Record("""{ "name": "acct", "type": "string" }""", """{ "name": "name", "type": "string", "hub.search": "text", "hub.title": true }"""),
        SchemaKit.Record(
            """{ "name": "title", "type": "string", "hub.search": "text", "hub.title": true, "aliases": ["name"] }""",
            """{ "name": "account", "type": "string", "hub.level": 3, "hub.mask": "account", "aliases": ["acct"] }""",
            """{ "name": "state", "type": { "type": "enum", "name": "State", "symbols": ["OPEN", "CLOSED"] }, "default": "OPEN" }""",
            """{ "name": "parent", "type": ["null", "string"], "default": null, "hub.link": "test.thing" }"""));

    [Theory]
    [InlineData(1, "08 31323334 04 4142", """{"account":"***4","title":"AB","state":"OPEN","parent":null}""")]
    [InlineData(2, "04 4142 08 31323334 02 02 02 39", """{"title":"AB","account":"***4","state":"CLOSED","parent":"9"}""")]
    public void An_old_record_has_the_names_the_masks_and_the_defaults_of_the_latest_version(int version, string hex, string json)
        => Assert.Equal(json, JsonSerializer.Serialize(new RecordView(Catalog, Wire(version, hex)), ApiJson.Options));

    [Fact]
    public void The_headline_and_the_links_are_those_of_the_latest_version()
    {
        Assert.Equal("AB", RecordFacts.Of(new StoredDocument(SchemaKit.Subject, "finance:1", 1, Wire(1, "08 31323334 04 4142")), Catalog).Title);
        var facts = RecordFacts.Of(new StoredDocument(SchemaKit.Subject, "finance:1", 1, Wire(2, "04 4142 08 31323334 02 02 02 39")), Catalog);
        Assert.Equal("finance:9", Assert.Single(facts.Links).Id);
    }

    private static byte[] Wire(int version, string hex) => SchemaKit.Wire(version, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
}
