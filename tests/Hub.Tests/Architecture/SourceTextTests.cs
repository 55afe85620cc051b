using System.Text.RegularExpressions;
using Xunit;

namespace Hub.Tests.Architecture;

/// <summary>What a reader may rely on in every file.</summary>
public sealed partial class SourceTextTests
{
    private const int MaxLines = 300;

    // Words that say nothing, or that mean something else elsewhere; see the guide's list.
    private static readonly string[] Banned = ["Event", "Message", "Payload", "Entity", "Item", "Processor", "Manager", "Helper", "Util", "Utils", "Service"];

    private static readonly string[] TextEndings = [".cs", ".csproj", ".props", ".sh", ".yaml", ".yml", ".json", ".js", ".css", ".html", ".md", ".sql", ".avsc", ".txt", "Dockerfile", "run"];

    [Fact]
    public void No_source_file_is_longer_than_a_reader_can_hold()
        => Assert.Empty(
            from file in SourceTree.Files("*.cs")
            let lines = SourceTree.Read(file).Split('\n').Length - 1
            where lines > MaxLines
            select $"{file}: {lines} lines");

    [Fact]
    public void No_work_is_left_for_later_in_a_comment()
        => Assert.Empty(Matches(Later()));

    [Fact]
    public void No_path_of_somebodys_machine_stands_in_a_file()
        => Assert.Empty(Matches(MachinePath()));

    [Fact]
    public void No_type_is_named_by_a_word_that_says_nothing()
        => Assert.Empty(
            from file in SourceTree.Files("*.cs")
            from match in TypeName().Matches(SourceTree.Read(file))
            let name = match.Groups["name"].Value
            where Word().Matches(name).Any(word => Banned.Contains(word.Value, StringComparer.Ordinal)) && !IsRegistration(name, match.Value)
            select $"{file}: {name}");

    // Classes of the form XServices register services, as the framework calls them; heirs of BackgroundService are services.
    private static bool IsRegistration(string name, string declaration)
        => name.EndsWith("Services", StringComparison.Ordinal) || (name.EndsWith("Service", StringComparison.Ordinal) && declaration.Contains(": BackgroundService", StringComparison.Ordinal));

    private static IEnumerable<string> Matches(Regex pattern)
        => from file in SourceTree.Files("*")
           where TextEndings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)) && !file.EndsWith("packages.lock.json", StringComparison.Ordinal)
           from match in pattern.Matches(SourceTree.Read(file))
           select $"{file}: {match.Value}";

    [GeneratedRegex("TO" + "DO|FIX" + "ME|HA" + "CK:|XX" + "X")]
    private static partial Regex Later();

    [GeneratedRegex(@"(?<![\w.-])/(?:home|Users|root|work|mnt)/\w+|[A-Z]:\\\\?Users\b")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum|delegate \w+) (?:struct |class )?(?<name>[A-Z]\w*)[^{;]*")]
    private static partial Regex TypeName();

    [GeneratedRegex("[A-Z][a-z]*")]
    private static partial Regex Word();
}
