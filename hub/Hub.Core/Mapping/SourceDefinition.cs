using System.Collections.Immutable;
using Hub.Core.Ops;

namespace Hub.Core.Mapping;

/// <summary>A scalar of a source definition, with variables filled in. The value may be secret.</summary>
/// <param name="Place"><c>file:line:column</c>, for findings about the value.</param>
public sealed record Setting(string Value, string Place)
{
    /// <summary>The place alone, so that a secret does not slip into a log.</summary>
    public override string ToString() => Place;
}

/// <summary>One source as its YAML file defines it, checked against the schemas.</summary>
public sealed record SourceDefinition
{
    /// <summary>Lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>The name of a <see cref="SourceKind"/>.</summary>
    public required string Kind { get; init; }

    public string Doc { get; init; } = "";

    /// <summary>The file.</summary>
    public required string Place { get; init; }

    /// <summary>The settings of the kind, by key; those that the kind requires are there.</summary>
    public IReadOnlyDictionary<string, Setting> Settings { get; init; } = ImmutableDictionary<string, Setting>.Empty;

    public ImmutableArray<TableMapping> Tables { get; init; } = [];

    /// <summary>The setting's value.</summary>
    /// <exception cref="HubException">The definition does not have the setting.</exception>
    public string Require(string key)
        => Settings.TryGetValue(key, out var setting)
            ? setting.Value
            : throw new HubException(new Finding(Codes.MissingSetting, Severity.Error, Place, $"the source '{Name}' has no '{key}'.", $"Add a line '{key}: …'."));

    /// <summary>The table's mapping, or null.</summary>
    public TableMapping? Find(string table) => Tables.FirstOrDefault(mapping => string.Equals(mapping.Table, table, StringComparison.Ordinal));
}

/// <summary>A kind of source and the scalar settings that its definitions have.</summary>
public sealed record SourceKind(string Name, ImmutableArray<string> Required, ImmutableArray<string> Optional)
{
    private const int MaxSlotLength = 63;

    public static readonly SourceKind Postgres = new("postgres", ["connection", "publication", "slot"], []) { Check = CheckPostgres, Own = ["connection", "slot"] };

    /// <summary>What is wrong with the value of a setting, and what to do; null when nothing is.</summary>
    public Func<string, string, (string Message, string Suggestion)?> Check { get; init; } = (_, _) => null;

    /// <summary>Settings that no two sources share all of: what they name can be read by one alone.</summary>
    public ImmutableArray<string> Own { get; init; } = [];

    private static (string Message, string Suggestion)? CheckPostgres(string key, string value)
        => key == "slot" && (value.Length is 0 or > MaxSlotLength || value.Any(letter => letter is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_')))
            ? ($"'{value}' cannot be the name of a replication slot.", $"Use lower-case letters, digits and underscores, {MaxSlotLength} at most, such as hub_finance.")
            : null;
}
