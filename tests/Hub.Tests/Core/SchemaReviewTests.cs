using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>The versions of Hub's own subjects against each other, and what differs between two.</summary>
public sealed class SchemaReviewTests
{
    private const string Id = """{ "name": "id", "type": "string" }""";
    private const string Old = """{ "name": "f", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""";

    [Theory]
    [InlineData("", null)]
    [InlineData(", \"doc\": \"text\"", null)]
    [InlineData(", \"hub.level\": 3", null)]
    [InlineData(", \"hub.mask\": \"name\"", "has the mask name, no longer none")]
    [InlineData(", \"hub.link\": \"test.thing\"", "links to test.thing")]
    [InlineData(", \"hub.title\": true", "is the title")]
    public void An_annotation_that_the_index_was_built_by_needs_a_rebuild(string more, string? change)
        => AssertRebuild(Old.Replace(" }", $"{more} }}", StringComparison.Ordinal), change);

    [Theory]
    [InlineData("""{ "name": "f", "type": ["null", "string"], "default": null, "hub.search": "text" }""", "is searched as text, no longer as keyword")]
    [InlineData("""{ "name": "g", "type": ["null", "string"], "default": null, "hub.search": "keyword", "aliases": ["f"] }""", "was 'f'")]
    [InlineData("""{ "name": "g", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""", null)]
    [InlineData("""{ "name": "g", "type": "string", "default": "x", "hub.search": "keyword" }""", "is new, and earlier records hold its default")]
    [InlineData("""{ "name": "g", "type": "string", "default": "x" }""", null)]
    public void A_field_that_the_index_does_not_know_needs_a_rebuild_if_old_records_have_it(string next, string? change) => AssertRebuild(next, change);

    [Fact]
    public void An_incompatible_version_is_told_with_field_rule_and_fix()
    {
        var finding = Assert.Single(Check("BACKWARD", Record(Id), Record(Id, Field("\"int\""))));
        Assert.Equal((Codes.SchemaIncompatible, Severity.Error, "test.thing 2"), (finding.Code, finding.Severity, finding.Place));
        Assert.Equal("cannot read version 1: READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: Field 'f' is not in the writer's schema, and the reader has no default for it.", finding.Message);
        Assert.Equal("Give 'f' a default; if it is an old field with a new name, give it the old one as an alias.", finding.Suggestion);
    }

    [Fact]
    public void Each_version_is_checked_against_those_before_it_by_the_level()
    {
        string[] versions = [Record(Id), Record(Id, Field("\"int\"", "\"default\": 0")), Record(Id, Field("\"int\""))];
        Assert.Empty(Check("BACKWARD", versions));
        Assert.Equal(["test.thing 3"], Check("BACKWARD_TRANSITIVE", versions).Select(finding => finding.Place));
        Assert.StartsWith("cannot be read by version 3", Assert.Single(Check("FORWARD", [.. versions, Record(Field("\"int\""))])).Message[..27], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "type": "int", "logicalType": "date" }""", """{ "type": "long", "logicalType": "timestamp-micros" }""")]
    [InlineData("\"string\"", """{ "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2 }""")]
    public void What_Avro_lets_pass_but_would_be_read_as_something_else_is_incompatible(string before, string after)
    {
        var finding = Assert.Single(Check("BACKWARD", Record(Field(before)), Record(Field(after))));
        Assert.Equal(Codes.SchemaIncompatible, finding.Code);
        Assert.Contains("TYPE_MISMATCH at /fields/0/type", finding.Message, StringComparison.Ordinal);
        using var folder = Folder(Record(Field(before)), Record(Field(after)));
        Assert.Equal(finding, Assert.Single(Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Findings));
    }

    [Fact]
    public void A_folder_whose_latest_version_cannot_read_the_first_is_not_loaded()
    {
        using var folder = Folder(Record(Id), Record(Id, Field("\"int\"", "\"default\": 0")), Record(Id, Field("\"int\"")));
        var finding = Assert.Single(Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Findings);
        Assert.Equal((Codes.SchemaIncompatible, "test.thing 3"), (finding.Code, finding.Place));
        Assert.Equal(3, SchemaFolder.ReadVersions(folder.Path).Count);
    }

    [Fact]
    public void A_field_may_change_its_type_to_one_that_reads_the_old()
        => Assert.Equal(FieldType.Long, Catalog(Record(Field("\"int\"")), Record(Field("""["null", "long"]"""))).Find("test.thing")!.Find("f")!.Type);

    [Theory]
    [InlineData("""{ "name": "f", "type": "int", "default": "x" }""", "has the default \"x\", which is not a value of its type")]
    [InlineData("""{ "name": "f", "type": "int", "default": 3000000000 }""", "not a value of its type")]
    [InlineData("""{ "name": "f", "type": "string", "default": null }""", "not a value of its type")]
    [InlineData("""{ "name": "f", "type": ["null", "string"], "default": "null" }""", null)]
    [InlineData("""{ "name": "f", "type": { "type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 0 }, "default": "\u0064" }""", "not a value of its type")]
    [InlineData("""{ "name": "f", "type": { "type": "enum", "name": "E", "symbols": ["A"] }, "default": "B" }""", "not a value of its type")]
    public void A_default_is_a_value_of_its_type(string field, string? message)
    {
        using var folder = Folder(Record(field));
        if (message is null)
            SchemaFolder.Load(folder.Path);
        else
            Assert.Contains(message, Assert.Throws<HubException>(() => SchemaFolder.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_is_told_field_by_field_with_what_it_means_in_both_directions()
    {
        var changes = SchemaDiff.Between(
            (AvroRecord)Parse(Record(Id, """{ "name": "a", "type": "int" }""", """{ "name": "b", "type": "int", "default": 0 }""", """{ "name": "gone", "type": "int" }""")),
            (AvroRecord)Parse(Record(Id, """{ "name": "a", "type": "long", "hub.search": "number" }""", """{ "name": "c", "type": "int", "default": 1, "aliases": ["b"] }""", """{ "name": "d", "type": "int" }""")));
        Assert.Equal(
            [
                (ChangeKind.Type, "a", true, false), (ChangeKind.Attribute, "a", true, true), (ChangeKind.Renamed, "c", true, true), (ChangeKind.Default, "c", true, true),
                (ChangeKind.Added, "d", false, true), (ChangeKind.Removed, "gone", true, false),
            ],
            changes.Select(change => (change.Kind, change.Field, change.Backward.IsCompatible, change.Forward.IsCompatible)));
        Assert.Equal(("int → long", "was 'b'"), (changes[0].What, changes[2].What));
        Assert.Empty(SchemaDiff.Between((AvroRecord)Parse(Record(Id)), (AvroRecord)Parse(Record(Id))));
    }

    [Fact]
    public void A_field_that_becomes_personal_needs_a_rebuild()
    {
        var changes = Check("BACKWARD", Record(Id, Old), Record(Id, Old.Replace(" }", ", \"hub.level\": 4, \"hub.mask\": \"id\" }", StringComparison.Ordinal)));
        Assert.All(changes, finding => Assert.Equal(Codes.SchemaNeedsRebuild, finding.Code));
        Assert.Contains("has the level 4, no longer 2", string.Concat(changes.Select(finding => finding.Message)), StringComparison.Ordinal);
    }

    private static void AssertRebuild(string next, string? change)
    {
        var findings = Check("BACKWARD", Record(Id, Old), Record(Id, next));
        if (change is null)
        {
            Assert.Empty(findings);
            return;
        }

        var finding = Assert.Single(findings);
        Assert.Equal((Codes.SchemaNeedsRebuild, Severity.Warning, "test.thing 2"), (finding.Code, finding.Severity, finding.Place));
        Assert.Contains(change, finding.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Finding> Check(string level, params string[] versions)
    {
        using var folder = Folder(versions);
        return SchemaReview.Check(SchemaFolder.ReadVersions(folder.Path), CompatibilityLevels.Of(level)!.Value);
    }
}
