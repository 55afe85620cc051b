using Avro;
using Hub.Core.Schemas.Types;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The Parsing Canonical Form, with the fingerprints that the Avro project publishes for its own implementations.</summary>
public sealed class AvroCanonicalFormTests
{
    [Theory]
    [InlineData("\"null\"", "\"null\"", 7195948357588979594)]
    [InlineData("""{"type":"boolean"}""", "\"boolean\"", -6970731678124411036)]
    [InlineData("int", "\"int\"", 8247732601305521295)]
    [InlineData("\"long\"", "\"long\"", -3434872931120570953)]
    [InlineData("\"float\"", "\"float\"", 5583340709985441680)]
    [InlineData("\"double\"", "\"double\"", -8181574048448539266)]
    [InlineData("\"bytes\"", "\"bytes\"", 5746618253357095269)]
    [InlineData("\"string\"", "\"string\"", -8142146995180207161)]
    [InlineData("""[ "int" , {"type":"boolean"} ]""", """["int","boolean"]""", 5392556393470105090)]
    [InlineData("""{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}""", """{"name":"x.y.foo","type":"record","fields":[]}""", 5916914534497305771)]
    [InlineData("""{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}""", """{"name":"a.b.foo","type":"record","fields":[]}""", -4616218487480524110)]
    [InlineData("""{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}""", """{"name":"foo","type":"record","fields":[]}""", -4824392279771201922)]
    [InlineData("""{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}""", """{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}""", 7843277075252814651)]
    [InlineData("""{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", "symbols":["A1", "A2"]}""", """{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}""", -4448647247586288245)]
    [InlineData("""{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}""", """{"name":"x.y.z.foo","type":"fixed","size":32}""", -3064184465700546786)]
    [InlineData("""{ "items":{"type":"null"}, "type":"array"}""", """{"type":"array","items":"null"}""", -589620603366471059)]
    [InlineData("""{ "values":"string", "type":"map"}""", """{"type":"map","values":"string"}""", -8732877298790414990)]
    [InlineData("""{"name":"PigValue","type":"record", "fields":[{"name":"value", "type":["null", "int", "long", "PigValue"]}]}""", """{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}""", -1759257747318642341)]
    public void A_schema_has_the_published_form_and_fingerprint(string json, string canonical, long fingerprint)
    {
        var form = AvroCanonicalForm.Of(AvroSchemaText.Parse(json));
        Assert.Equal((canonical, fingerprint), (form, (long)AvroCanonicalForm.Fingerprint(form)));
    }

    [Fact]
    public void A_shipped_schema_has_the_form_that_Avros_own_library_gives_it()
        => Assert.All(Directory.EnumerateFiles(Repository.At("schemas"), "*.avsc", SearchOption.AllDirectories), file =>
        {
            var json = File.ReadAllText(file);
            Assert.Equal(SchemaNormalization.ToParsingForm(Schema.Parse(json)), AvroCanonicalForm.Of(AvroSchemaText.Parse(json)));
        });

    [Fact]
    public void With_attributes_the_way_it_was_written_does_not_count_but_what_it_says_does()
    {
        const string One = """{ "type": "record", "name": "R", "namespace": "n", "hub.id": 1, "doc": "字", "fields": [{ "name": "f", "type": "string", "default": "x" }] }""";
        const string Same = """{"doc":"字","name":"n.R","type":"record","fields":[{"default":"x","type":{"type":"string"},"name":"f"}],"hub.id":1}""";
        Assert.Equal(Complete(One), Complete(Same));
        Assert.NotEqual(Complete(One), Complete(One.Replace("\"x\"", "\"y\"", StringComparison.Ordinal)));
        Assert.NotEqual(Complete(One), Complete(One.Replace("字", "词", StringComparison.Ordinal)));
        Assert.Equal(64, AvroCanonicalForm.Sha256(Complete(One)).Length);
    }

    private static string Complete(string json) => AvroCanonicalForm.WithAttributes(AvroSchemaText.Parse(json));
}
