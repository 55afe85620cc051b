using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>Rows into enum fields.</summary>
public sealed class MappingEnumTests
{
    private static readonly SchemaCatalog Catalog = SchemaKit.Catalog(SchemaKit.Record(
        """{ "name": "id", "type": "string" }""",
        """{ "name": "state", "type": ["null", { "type": "enum", "name": "State", "symbols": ["OPEN", "CLOSED"] }], "default": null, "hub.search": "keyword" }"""));

    [Theory]
    [InlineData("state: s", "CLOSED", "CLOSED")]
    [InlineData("state: { column: s, values: { \"1\": OPEN } }", "1", "OPEN")]
    [InlineData("state: { constant: OPEN }", "", "OPEN")]
    [InlineData("state: s", null, null)]
    public void A_symbol_is_taken_by_its_name(string fields, string? cell, string? symbol)
    {
        Assert.Equal(MapOutcome.Upsert, Map(fields, cell, out var written, out _));
        Assert.Equal(symbol, SchemaKit.Values(Catalog.Read(written))["state"]);
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("")]
    [InlineData("0")]
    public void What_is_no_symbol_refuses_the_row(string cell)
    {
        Assert.Equal(MapOutcome.Refused, Map("state: s", cell, out _, out var refusal));
        Assert.Contains("it is not one of the symbols. Expected is one of OPEN, CLOSED.", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_translation_to_no_symbol_is_told_before_the_first_row()
        => Assert.Contains("does not fit field 'state'", Assert.Throws<HubException>(() => Map("state: { column: s, values: { a: SHUT } }", "a", out _, out _)).Message, StringComparison.Ordinal);

    private static MapOutcome Map(string fields, string? cell, out byte[] written, out string? refusal)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("s.yaml", $"source: s\nkind: postgres\nconnection: c\npublication: p\nslot: l\ntables:\n  - table: public.t\n    subject: test.thing\n    key: [k]\n    fields:\n      id: k\n      {fields}\n");
        var mapping = SourceDefinitionReader.Load(file, Catalog).Tables[0];
        var shape = MappingKit.Shape(("k", "text"), ("s", "text"));
        var batch = MappingKit.Batch(shape, "1", cell);
        var (value, key) = (new AvroWriter(), new KeyWriter());
        var outcome = RowMapper.Compile(mapping, Catalog.Find("test.thing")!, Catalog.CodeLists, shape, []).Map(batch.RowOf(batch[0]), value, key, out refusal);
        written = value.Written.ToArray();
        return outcome;
    }
}
