namespace Hub.Tests.Architecture;

/// <summary>The files that people write, without what builds and runs leave behind.</summary>
internal static class SourceTree
{
    private static readonly string[] Left = ["bin", "obj", "data", "BenchmarkDotNet.Artifacts"];

    // Named one by one: the root may hold anything else on a developer's machine.
    private static readonly string[] Top = ["connectors", "hub", "ops", "schemas", "tests", ".ci"];

    /// <summary>Paths from the root, with slashes.</summary>
    public static IEnumerable<string> Files(string pattern, string? below = null)
        => (below is null ? Top : [below])
            .SelectMany(top => Directory.EnumerateFiles(Repository.At(top), pattern, SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => file.StartsWith("ops/demo/data/", StringComparison.Ordinal) || !file.Split('/').Intersect(Left, StringComparer.Ordinal).Any());

    public static string Read(string file) => File.ReadAllText(Repository.At(file));
}
