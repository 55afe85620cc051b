using System.Text.Json;
using Hub.Core.Ops;
using Hub.Core.Schemas.Types;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The model of Avro types, as the Avro 1.12 specification declares them.</summary>
public sealed class AvroTypeTests
{
    [Fact]
    public void A_name_takes_its_namespace_from_itself_or_from_around_it()
    {
        var record = (AvroRecord)Parse("""
            { "type": "record", "name": "a.b.Outer", "aliases": ["Old", "x.Older"], "fields": [
              { "name": "near", "type": { "type": "enum", "name": "Near", "symbols": ["A"] } },
              { "name": "far", "type": { "type": "fixed", "name": "Far", "namespace": "c", "size": 4 } },
              { "name": "again", "type": ["null", "Near", "c.Far"] } ] }
            """);
        Assert.Equal(["a.b.Outer", "a.b.Near", "c.Far"], [record.Name.Full, Named(record, "near"), Named(record, "far")]);
        Assert.Equal(["a.b.Old", "x.Older"], record.Aliases.Select(alias => alias.Full));
        var union = (AvroUnion)record.Find("again")!.Type;
        Assert.Same(record.Find("near")!.Type, union.Branches[1]);
        Assert.Same(record.Find("far")!.Type, union.Branches[2]);
    }

    [Fact]
    public void A_type_may_hold_itself()
    {
        var list = (AvroRecord)Parse("""{ "type": "record", "name": "List", "fields": [{ "name": "next", "type": ["null", "List"] }, { "name": "all", "type": { "type": "map", "values": { "type": "array", "items": "List" } } }] }""");
        Assert.Same(list, ((AvroUnion)list.Fields[0].Type).Branches[1]);
        Assert.Same(list, ((AvroArray)((AvroMap)list.Fields[1].Type).Values).Items);
    }

    [Fact]
    public void Attributes_of_others_stay_readable()
    {
        var record = (AvroRecord)Parse("""
            { "type": "record", "name": "Value", "doc": "a row", "connect.name": "server.public.t.Value", "fields": [
              { "name": "at", "type": { "type": "long", "connect.name": "io.debezium.time.MicroTimestamp", "connect.version": 1 }, "doc": "when", "default": 0, "aliases": ["ts"] },
              { "name": "none", "type": ["null", "int"], "default": null } ] }
            """);
        var field = record.Fields[0];
        Assert.Equal(("a row", "server.public.t.Value"), (record.Doc, record.Text("connect.name")));
        Assert.Equal(("io.debezium.time.MicroTimestamp", 1), (field.Type.Text("connect.name"), field.Type.Json.GetProperty("connect.version").GetInt32()));
        Assert.Equal(("when", 0, "ts"), (field.Doc, field.Default!.Value.GetInt32(), field.Aliases.Single()));
        Assert.Equal(JsonValueKind.Null, record.Fields[1].Default!.Value.ValueKind);
    }

    [Theory]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }""", "decimal", "decimal(20,2)")]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal", "precision": 4 }""", "decimal", "decimal(4,0)")]
    [InlineData("""{ "type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 4, "scale": 1 }""", "decimal", "decimal(4,1)")]
    [InlineData("""{ "type": "int", "logicalType": "date" }""", "date", "int (date)")]
    [InlineData("""{ "type": "long", "logicalType": "timestamp-nanos" }""", "timestamp-nanos", "long (timestamp-nanos)")]
    [InlineData("""{ "type": "fixed", "name": "F", "size": 16, "logicalType": "uuid" }""", "uuid", "fixed F (uuid)")]
    [InlineData("""{ "type": "int", "logicalType": "of-my-own" }""", "of-my-own", "int (of-my-own)")]
    public void A_logical_type_is_known(string json, string logicalType, string text)
    {
        var type = Parse(json);
        Assert.Equal((logicalType, text), (type.LogicalType, type.ToString()));
    }

    [Theory]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal" }""", "bytes")]
    [InlineData("""{ "type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3 }""", "bytes")]
    [InlineData("""{ "type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 5 }""", "fixed F")]
    [InlineData("""{ "type": "string", "logicalType": "date" }""", "string")]
    [InlineData("""{ "type": "int", "logicalType": "timestamp-millis" }""", "int")]
    public void A_logical_type_that_is_not_valid_is_ignored_as_the_specification_says(string json, string text)
    {
        var type = Parse(json);
        Assert.Equal((null, null, text), (type.LogicalType, type.Decimal, type.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("7")]
    [InlineData("\"record\"")]
    [InlineData("""{ "type": "record", "name": "R" }""")]
    [InlineData("""{ "type": "record", "name": "R", "fields": [{ "name": "f", "type": "Unknown" }] }""")]
    [InlineData("""{ "type": "record", "name": "R", "fields": [{ "name": "f", "type": "int" }, { "name": "f", "type": "int" }] }""")]
    [InlineData("""{ "type": "enum", "name": "E", "symbols": ["A", "A"] }""")]
    [InlineData("""{ "type": "array" }""")]
    [InlineData("""["null", "null"]""")]
    [InlineData("""["null", ["int"]]""")]
    public void What_is_not_a_schema_is_refused(string json)
        => Assert.Equal(Codes.SchemaInvalid, Assert.Single(Assert.Throws<HubException>(() => Parse(json)).Findings).Code);

    [Fact]
    public void A_schema_nested_without_end_is_refused_and_ends_nothing()
        => Assert.Throws<HubException>(() => Parse(string.Concat(Enumerable.Repeat("""{ "type": "array", "items": """, 100_000)) + "\"int\"" + new string('}', 100_000)));

    [Fact]
    public void Named_types_may_come_from_schemas_given_beforehand()
    {
        const string City = """{ "type": "record", "namespace": "geo", "name": "City", "fields": [{ "name": "name", "type": "string" }] }""";
        const string Address = """{ "type": "record", "namespace": "geo", "name": "Address", "fields": [{ "name": "city", "type": "City" }] }""";
        const string Person = """{ "type": "record", "name": "Person", "fields": [{ "name": "home", "type": "geo.Address" }] }""";
        var person = (AvroRecord)AvroSchemaText.Parse(Person, [City, Address]);
        var address = (AvroRecord)person.Fields[0].Type;
        Assert.Equal(("geo.Address", "geo.City"), (address.Name.Full, ((AvroRecord)address.Fields[0].Type).Name.Full));
        Assert.Throws<HubException>(() => AvroSchemaText.Parse(Person, [City]));
    }

    private static string Named(AvroRecord record, string field) => ((AvroNamed)record.Find(field)!.Type).Name.Full;

    private static AvroType Parse(string json) => AvroSchemaText.Parse(json);
}
