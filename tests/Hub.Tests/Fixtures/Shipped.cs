namespace Hub.Tests.Fixtures;

/// <summary>The schemas and source definitions that come with Hub.</summary>
public static class Shipped
{
    public static string Schemas => Path.Combine(Root, "schemas");

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Hub.sln")))
                folder = folder.Parent!;
            return folder.FullName;
        }
    }

    /// <summary>Writes a copy of the finance definition that reads another database, as another source if so named.</summary>
    public static void WriteFinance(string folder, string connection, string slot, string source = "finance")
    {
        var shipped = File.ReadAllText(Path.Combine(Root, "connectors", "finance", "finance.yaml"));
        var copy = Replace(Replace(Replace(shipped, "source: finance\n", $"source: {source}\n"),
            "connection: ${env:HUB_FINANCE_CONNECTION}\n", $"connection: '{connection.Replace("'", "''", StringComparison.Ordinal)}'\n"),
            "slot: hub_finance\n", $"slot: {slot}\n");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{source}.yaml"), copy);
    }

    private static string Replace(string text, string old, string now)
        => text.Contains(old, StringComparison.Ordinal)
            ? text.Replace(old, now, StringComparison.Ordinal)
            : throw new InvalidOperationException($"The shipped definition no longer holds the line '{old.Trim()}'; adapt the copy.");
}
