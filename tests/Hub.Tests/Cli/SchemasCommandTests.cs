using System.Collections;
using System.Text.Json;
using Hub.Cli;
using Hub.Tests.Core;
using Xunit;

namespace Hub.Tests.Cli;

public sealed class SchemasCommandTests
{
    private const string Id = """{ "name": "id", "type": "string" }""";

    [Fact]
    public async Task Check_says_that_all_is_well()
    {
        using var folder = SchemaKit.Folder(SchemaKit.Record(Id), SchemaKit.Record(Id, SchemaKit.Field("\"int\"", "\"default\": 0")));
        Assert.Equal((0, "All is well: 2 versions of 1 subjects, BACKWARD."), await RunAsync(folder, "check"));
    }

    [Fact]
    public async Task An_incompatible_version_is_named_with_exit_code_2()
    {
        using var folder = SchemaKit.Folder(SchemaKit.Record(Id), SchemaKit.Record(Id, SchemaKit.Field("\"int\"")));
        var (exit, output) = await RunAsync(folder, "check");
        Assert.Equal(2, exit);
        Assert.Contains("error test.thing 2: HUB1004 cannot read version 1: READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: Field 'f' is not in the writer's schema", output);
        Assert.EndsWith("1 error, 0 warnings.", output);
        Assert.Equal(0, (await RunAsync(folder, "check", "--level", "none")).Exit);
        Assert.Equal(0, (await RunAsync(folder, "check", "--level", "FORWARD")).Exit);
        Assert.Equal(2, (await RunAsync(folder, "check", "--level", "full")).Exit);

        (exit, output) = await RunAsync(folder, "check", "--json");
        var finding = JsonDocument.Parse(output).RootElement.GetProperty("findings")[0];
        Assert.Equal((2, "HUB1004"), (exit, finding.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Validate_checks_that_the_latest_version_reads_the_earlier_ones()
    {
        using var folder = SchemaKit.Folder(SchemaKit.Record(Id), SchemaKit.Record(Id, SchemaKit.Field("\"int\"")));
        var (exit, output) = await InvokeAsync("validate", "--set", $"schemas={folder.Path}");
        Assert.Equal(2, exit);
        Assert.Contains("HUB1004 cannot read version 1", output);
    }

    [Fact]
    public async Task Diff_tells_what_changed_and_what_it_means()
    {
        using var folder = SchemaKit.Folder(SchemaKit.Record(Id), SchemaKit.Record(Id, SchemaKit.Field("\"int\"", "\"default\": 0")), SchemaKit.Record(Id));
        var (exit, output) = await RunAsync(folder, "diff", "test.thing", "1", "2");
        Assert.Equal(0, exit);
        Assert.Contains("test.thing: version 1 → 2", output);
        Assert.Contains("added f: int, default 0", output);
        Assert.Contains("backward ok  Earlier records are read with the default 0.", output);
        Assert.Contains("forward  ok  Earlier readers skip it.", output);
        Assert.Contains("removed f: was int", (await RunAsync(folder, "diff", "test.thing")).Output);

        (_, output) = await RunAsync(folder, "diff", "test.thing", "1", "2", "--json");
        var change = JsonDocument.Parse(output).RootElement.GetProperty("changes").EnumerateArray().Last();
        Assert.Equal(("added", "f", true), (change.GetProperty("kind").GetString(), change.GetProperty("field").GetString(), change.GetProperty("backward").GetProperty("isCompatible").GetBoolean()));
    }

    [Theory]
    [InlineData("there is no level 'BACKWARDS'. Did you mean 'BACKWARD'?", "check", "--level", "BACKWARDS")]
    [InlineData("there is no subject 'test.thng'. Did you mean 'test.thing'?", "diff", "test.thng")]
    [InlineData("test.thing has no version 9. Versions are: 1.", "diff", "test.thing", "1", "9")]
    [InlineData("See hub schemas diff --help.", "diff")]
    [InlineData("See hub schemas check --help.", "check", "--levle")]
    public async Task What_somebody_wrote_wrong_is_told_with_exit_code_2(string sentence, params string[] arguments)
    {
        using var folder = SchemaKit.Folder(SchemaKit.Record(Id));
        var (exit, output) = await RunAsync(folder, arguments);
        Assert.Equal(2, exit);
        Assert.Contains(sentence, output);
    }

    [Theory]
    [InlineData("schemas")]
    [InlineData("schemas", "check")]
    [InlineData("schemas", "diff")]
    public async Task Each_command_shows_an_example(params string[] command)
    {
        var (exit, output) = await InvokeAsync([.. command, "--help"]);
        Assert.Equal(0, exit);
        Assert.Contains("Example:", output);
    }

    private static Task<(int Exit, string Output)> RunAsync(ScratchFolder folder, params string[] arguments)
        => InvokeAsync(["schemas", .. arguments, "--set", $"schemas={folder.Path}"]);

    private static async Task<(int Exit, string Output)> InvokeAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var exit = await HubCommands.InvokeAsync(arguments, Terminal.Of(output, output, new Hashtable(), TimeProvider.System), TestContext.Current.CancellationToken);
        return (exit, output.ToString().Trim());
    }
}
