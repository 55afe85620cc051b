namespace Hub.Tests.Architecture;

/// <summary>
/// The dependency rule: everything points at Core, Core points at nothing of ours, only Server sees both a provider and a connector,
/// and a vendor's package is named by its owner alone. Change it here and in hub/README.md together, or not at all.
/// </summary>
internal static class ProjectTable
{
    /// <summary>A project, by its file, and the projects that it may reference.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> References = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["hub/Hub.Core/Hub.Core.csproj"] = [],
        ["hub/Hub.Log/Hub.Log.csproj"] = ["Hub.Core"],
        ["hub/Hub.Index/Hub.Index.csproj"] = ["Hub.Core"],
        ["connectors/Hub.Connectors/Hub.Connectors.csproj"] = ["Hub.Core"],
        ["hub/Hub.Server/Hub.Server.csproj"] = ["Hub.Core", "Hub.Log", "Hub.Index", "Hub.Connectors"],
        ["hub/Hub.Cli/Hub.Cli.csproj"] = ["Hub.Core", "Hub.Server"],
        ["ops/demo/Hub.Demo/Hub.Demo.csproj"] = [],
        ["tests/Hub.Tests/Hub.Tests.csproj"] = ["Hub.Core", "Hub.Log", "Hub.Index", "Hub.Connectors", "Hub.Server", "Hub.Cli", "Hub.Demo"],
        ["tests/Hub.Benchmarks/Hub.Benchmarks.csproj"] = ["Hub.Core", "Hub.Log", "Hub.Index", "Hub.Connectors", "Hub.Server", "Hub.Demo"],
    };

    /// <summary>A vendor, by the first part of its packages', assemblies' and namespaces' names, and the projects that may name it. Tests may name any.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Vendors = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Npgsql"] = ["Hub.Connectors", "Hub.Demo"],
        ["Microsoft.Data.Sqlite"] = ["Hub.Log"],
        ["SQLitePCL"] = ["Hub.Log"],
        ["SQLitePCLRaw"] = ["Hub.Log"],
        ["Confluent.Kafka"] = ["Hub.Log", "Hub.Connectors"],
        ["Lucene.Net"] = ["Hub.Index"],
        ["J2N"] = ["Hub.Index"],
        ["Apache.Avro"] = ["Hub.Core"],
        ["Avro"] = ["Hub.Core"],
        ["YamlDotNet"] = ["Hub.Core"],
        ["CsvHelper"] = ["Hub.Core"],
        ["Microsoft.AspNetCore"] = ["Hub.Server", "Hub.Cli"],
        ["Microsoft.Extensions.Http"] = ["Hub.Server", "Hub.Index"],
        ["System.CommandLine"] = ["Hub.Cli"],
        ["Spectre.Console"] = ["Hub.Cli"],
    };

    public static string NameOf(string project) => Path.GetFileNameWithoutExtension(project);

    public static bool IsTest(string project) => project.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Whether a package, assembly or namespace is of the vendor.</summary>
    public static bool IsOf(string vendor, string name)
        => name.StartsWith(vendor, StringComparison.Ordinal) && (name.Length == vendor.Length || name[vendor.Length] is '.' or '_');
}
