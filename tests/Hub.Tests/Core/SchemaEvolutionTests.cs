using Hub.Core.Schemas.Compatibility;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>
/// The rules and examples of Confluent's documentation "Schema Evolution and Compatibility"
/// (docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html).
/// </summary>
public sealed class SchemaEvolutionTests
{
    private const string Name = """{ "name": "name", "type": "string" }""";
    private const string Number = """{ "name": "favorite_number", "type": "int" }""";
    private const string OptionalNumber = """{ "name": "favorite_number", "type": "int", "default": 0 }""";
    private const string Color = """{ "name": "favorite_color", "type": "string" }""";
    private const string OptionalColor = """{ "name": "favorite_color", "type": "string", "default": "green" }""";

    private static readonly Dictionary<string, (string Before, string After)> Changes = new(StringComparer.Ordinal)
    {
        ["delete a field"] = (User(Name, Number, Color), User(Name, Number)),
        ["delete an optional field"] = (User(Name, Number, OptionalColor), User(Name, Number)),
        ["add a field"] = (User(Name, Number), User(Name, Number, Color)),
        ["add an optional field"] = (User(Name, Number), User(Name, Number, OptionalColor)),
    };

    /// <summary>The summary table: per compatibility type the changes that it allows; what it does not name it refuses.</summary>
    [Theory]
    [InlineData("BACKWARD", "delete a field", "delete an optional field", "add an optional field")]
    [InlineData("BACKWARD_TRANSITIVE", "delete a field", "delete an optional field", "add an optional field")]
    [InlineData("FORWARD", "add a field", "add an optional field", "delete an optional field")]
    [InlineData("FORWARD_TRANSITIVE", "add a field", "add an optional field", "delete an optional field")]
    [InlineData("FULL", "add an optional field", "delete an optional field")]
    [InlineData("FULL_TRANSITIVE", "add an optional field", "delete an optional field")]
    [InlineData("NONE", "delete a field", "delete an optional field", "add a field", "add an optional field")]
    public void A_level_allows_the_changes_of_the_table(string level, params string[] allowed)
        => Assert.Equal(allowed.Order(StringComparer.Ordinal), Changes.Where(change => IsAllowed(level, change.Value.After, change.Value.Before)).Select(change => change.Key).Order(StringComparer.Ordinal));

    /// <summary>A type looks back at the last version or, when transitive, at all of them: the versions of the user over three steps.</summary>
    [Theory]
    [InlineData("BACKWARD", true)]
    [InlineData("BACKWARD_TRANSITIVE", false)]
    public void Backward_looks_at_the_last_version_and_transitive_at_all(string level, bool isAllowed)
        => Assert.Equal(isAllowed, IsAllowed(level, User(Name, Color), User(Name), User(Name, OptionalColor)));

    [Theory]
    [InlineData("FORWARD", true)]
    [InlineData("FORWARD_TRANSITIVE", false)]
    public void Forward_looks_at_the_last_version_and_transitive_at_all(string level, bool isAllowed)
        => Assert.Equal(isAllowed, IsAllowed(level, User(Name), User(Name, Color), User(Name, OptionalColor)));

    [Theory]
    [InlineData("FULL", true)]
    [InlineData("FULL_TRANSITIVE", false)]
    [InlineData("NONE", true)]
    public void Full_looks_at_the_last_version_and_transitive_at_all(string level, bool isAllowed)
        => Assert.Equal(isAllowed, IsAllowed(level, User(Name), User(Name, Number), User(Name, OptionalNumber)));

    [Fact]
    public void Backward_a_consumer_of_the_new_schema_reads_the_user_without_a_favorite_color_as_green()
        => Assert.Empty(Faults("BACKWARD", User(Name, Number, OptionalColor), User(Name, Number)));

    [Fact]
    public void Backward_a_new_field_without_a_default_is_refused_and_named()
    {
        var fault = Assert.Single(Faults("BACKWARD", User(Name, Number, Color), User(Name, Number)));
        Assert.Equal(
            (0, NewSide.Reader, "READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/2", "favorite_color"),
            (fault.Earlier, fault.NewSide, fault.Fault.RegistryName, fault.Fault.Path, fault.Fault.Field));
    }

    [Fact]
    public void Forward_a_field_without_a_default_may_not_be_deleted()
    {
        var fault = Assert.Single(Faults("FORWARD", User(Name), User(Name, Number)));
        Assert.Equal((NewSide.Writer, "READER_FIELD_MISSING_DEFAULT_VALUE", "favorite_number"), (fault.NewSide, fault.Fault.RegistryName, fault.Fault.Field));
    }

    /// <summary>The cases by which the registry itself is tested: f1, and what becomes of it.</summary>
    [Theory]
    [InlineData("a field gets another name and an alias", "BACKWARD", """{ "name": "f1_new", "type": "string", "aliases": ["f1"] }""", true)]
    [InlineData("a field gets another name", "BACKWARD", """{ "name": "f1_new", "type": "string" }""", false)]
    [InlineData("a type becomes a union with it", "BACKWARD", """{ "name": "f1", "type": ["null", "string"] }""", true)]
    [InlineData("a type becomes a union with it", "FORWARD", """{ "name": "f1", "type": ["null", "string"] }""", false)]
    [InlineData("a type becomes a wider one", "BACKWARD", """{ "name": "f1", "type": "bytes" }""", true)]
    [InlineData("a type becomes another", "BACKWARD", """{ "name": "f1", "type": "int" }""", false)]
    [InlineData("a type becomes another", "NONE", """{ "name": "f1", "type": "int" }""", true)]
    public void A_field_changes(string change, string level, string after, bool isAllowed)
        => Assert.True(isAllowed == IsAllowed(level, User(after), User("""{ "name": "f1", "type": "string" }""")), change);

    [Theory]
    [InlineData("BACKWARD", """["null", "string", "int"]""", """["null", "string"]""", true)]
    [InlineData("BACKWARD", """["null", "string"]""", """["null", "string", "int"]""", false)]
    [InlineData("FORWARD", """["null", "string"]""", """["null", "string", "int"]""", true)]
    [InlineData("FORWARD", """["null", "string", "int"]""", """["null", "string"]""", false)]
    [InlineData("BACKWARD", "\"string\"", """["null", "string"]""", false)]
    public void A_union_gains_or_loses_a_type(string level, string after, string before, bool isAllowed)
        => Assert.Equal(isAllowed, IsAllowed(level, User(Field(after)), User(Field(before))));

    [Fact]
    public void The_first_version_is_always_allowed()
        => Assert.All(CompatibilityLevels.Names, level => Assert.Empty(Faults(level, User(Name))));

    [Fact]
    public void Every_level_has_its_name_of_the_registry()
    {
        Assert.Equal(["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"], CompatibilityLevels.Names);
        Assert.Equal(CompatibilityLevel.FullTransitive, CompatibilityLevels.Of("full_transitive"));
        Assert.Null(CompatibilityLevels.Of("BACKWARDS"));
    }

    [Fact]
    public void Both_directions_and_every_version_are_told_the_latest_first()
    {
        var faults = Faults("FULL_TRANSITIVE", User(Name, Color), User(Name, Number), User(Name));
        Assert.Equal(
            [(1, NewSide.Reader, "favorite_color"), (0, NewSide.Reader, "favorite_color"), (0, NewSide.Writer, "favorite_number")],
            faults.Select(fault => (fault.Earlier, fault.NewSide, fault.Fault.Field)));
    }

    private static string User(params string[] fields) => $$"""{ "namespace": "example.avro", "type": "record", "name": "user", "fields": [{{string.Join(", ", fields)}}] }""";

    private static bool IsAllowed(string level, string next, params string[] earlier) => Faults(level, next, earlier).Count == 0;

    private static IReadOnlyList<VersionIncompatibility> Faults(string level, string next, params string[] earlier)
        => CompatibilityLevels.Check(CompatibilityLevels.Of(level)!.Value, Parse(next), [.. earlier.Select(Parse)]);
}
