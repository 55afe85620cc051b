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
