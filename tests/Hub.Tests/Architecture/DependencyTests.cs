using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Hub.Tests.Architecture;

public sealed partial class DependencyTests
{
    private static readonly Dictionary<string, Assembly> Assemblies = new[]
    {
        typeof(Hub.Core.Ops.Finding).Assembly, typeof(Hub.Log.Sqlite.SqliteLog).Assembly, typeof(Hub.Index.Lucene.LuceneIndex).Assembly,
        typeof(Hub.Connectors.Postgres.PostgresSource).Assembly, typeof(Hub.Server.Composition).Assembly, typeof(Hub.Cli.HubCommands).Assembly,
        typeof(Hub.Demo.Postgres.PostgresCluster).Assembly,
    }.ToDictionary(assembly => assembly.GetName().Name == "hub" ? "Hub.Cli" : assembly.GetName().Name!, StringComparer.Ordinal);

    public static TheoryData<string> Projects => [.. ProjectTable.References.Keys];

    public static TheoryData<string> Products => [.. ProjectTable.References.Keys.Where(project => !ProjectTable.IsTest(project))];

    [Fact]
    public void Every_project_of_the_tree_is_in_the_table_and_in_the_solution()
    {
        var projects = SourceTree.Files("*.csproj").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(ProjectTable.References.Keys.Order(StringComparer.Ordinal), projects);
        var solution = File.ReadAllText(Repository.At("Hub.sln")).Replace('\\', '/');
        Assert.All(projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_table_allows(string project)
    {
        var named = Included(project, "ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')));
        Assert.Empty(named.Except(ProjectTable.References[project], StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void A_built_assembly_uses_only_projects_that_the_table_allows(string project)
    {
        var used = Assemblies[ProjectTable.NameOf(project)].GetReferencedAssemblies().Select(reference => reference.Name!)
            .Where(name => Assemblies.ContainsKey(name) || name == "hub");
        Assert.Empty(used.Except(ProjectTable.References[project], StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void A_vendor_is_named_by_its_owners_alone(string project)
    {
        var named = Names(project).ToArray();
        Assert.All(ProjectTable.Vendors.Where(vendor => !vendor.Value.Contains(ProjectTable.NameOf(project), StringComparer.Ordinal)), vendor =>
            Assert.DoesNotContain(named, name => ProjectTable.IsOf(vendor.Key, name.Name)));
    }

    [Fact]
    public void Every_vendor_of_the_table_is_named_by_each_of_its_owners()
    {
        var named = ProjectTable.References.Keys.Where(project => !ProjectTable.IsTest(project)).ToDictionary(ProjectTable.NameOf, project => Names(project).ToArray(), StringComparer.Ordinal);
        Assert.All(ProjectTable.Vendors, vendor => Assert.All(vendor.Value, owner => Assert.Contains(named[owner], name => ProjectTable.IsOf(vendor.Key, name.Name))));
    }

    /// <summary>Every package, assembly and namespace that a project names, and where.</summary>
    private static IEnumerable<(string Place, string Name)> Names(string project)
    {
        var packages = Included(project, "PackageReference").Select(package => ("package", package));
        var assemblies = Assemblies[ProjectTable.NameOf(project)].GetReferencedAssemblies().Select(reference => ("assembly", reference.Name!));
        var namespaces = SourceTree.Files("*.cs", Path.GetDirectoryName(project)!)
            .SelectMany(file => Using().Matches(SourceTree.Read(file)).Select(match => (file, match.Groups[1].Value)));
        return packages.Concat(assemblies).Concat(namespaces);
    }

    private static IEnumerable<string> Included(string project, string element)
        => XDocument.Load(Repository.At(project)).Descendants(element).Select(reference => reference.Attribute("Include")!.Value);

    [GeneratedRegex(@"^\s*(?:global )?using (?:static )?(?:\w+ = )?(?:global::)?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
