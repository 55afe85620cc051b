using System.Reflection;

namespace Hub.Demo.Finance;

/// <summary>The SQL and CSV files that travel inside the assembly.</summary>
internal static class EmbeddedText
{
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly holds no {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The lines of a CSV file without quotes, without its header.</summary>
    public static IEnumerable<string[]> Rows(string name)
        => Read(name).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.TrimEnd('\r').Split(','));

    public static IEnumerable<string> Names(string folder)
        => Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(folder + "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
