using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Reads source definitions. Nothing is guessed: every mistake in a file is a finding with its line, and any finding refuses all.</summary>
public static partial class SourceDefinitionReader
{
    private const string Extension = ".yaml";

    /// <param name="kinds">The kinds of source that may be named; <see cref="SourceKind.All"/> when null.</param>
    /// <exception cref="HubException">The file has mistakes; all of them are named.</exception>
    public static SourceDefinition Load(string file, SchemaCatalog catalog, IReadOnlyList<SourceKind>? kinds = null)
    {
        var findings = new List<Finding>();
        var definition = Read(file, catalog, kinds ?? SourceKind.All, findings);
        return definition is not null && findings.Count == 0 ? definition : throw new HubException(findings);
    }

    /// <summary>Every <c>*.yaml</c> below the folder, in the order of their names.</summary>
    /// <exception cref="HubException">Some file has mistakes, or two define the same source; all of it is named.</exception>
    public static IReadOnlyList<SourceDefinition> LoadFolder(string folder, SchemaCatalog catalog, IReadOnlyList<SourceKind>? kinds = null)
    {
        if (!Directory.Exists(folder))
            throw new HubException(new Finding(Codes.SettingInvalid, Severity.Error, folder, "there is no such folder.", "Name the folder that holds the source definitions."));

        var findings = new List<Finding>();
        var definitions = new List<SourceDefinition>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories).Where(IsYaml).Order(StringComparer.Ordinal))
        {
            if (!file.EndsWith(Extension, StringComparison.Ordinal))
                findings.Add(new(Codes.YamlInvalid, Severity.Error, $"{file}:1:1", $"the file would not be read: its name does not end in {Extension}.", $"Rename it to {Path.GetFileNameWithoutExtension(file)}{Extension}."));
            if (Read(file, catalog, kinds ?? SourceKind.All, findings) is not { } definition)
                continue;
            if (definitions.Find(other => other.Name == definition.Name) is { } other)
                findings.Add(new(Codes.ValueInvalid, Severity.Error, $"{file}:1:1", $"the source '{definition.Name}' is also defined in {other.Place}.", "Give one of them another name; document ids begin with it."));
            else
                RefuseShared(definition, definitions, kinds ?? SourceKind.All, findings);
            definitions.Add(definition);
        }

        return findings.Count == 0 ? definitions : throw new HubException(findings);
    }

    /// <summary>Also what was meant to be one: a source that is silently missing is found out late.</summary>
    private static bool IsYaml(string file) => Path.GetExtension(file).ToLowerInvariant() is Extension or ".yml";

    private static void RefuseShared(SourceDefinition definition, List<SourceDefinition> others, IReadOnlyList<SourceKind> kinds, List<Finding> findings)
    {
        if (kinds.FirstOrDefault(kind => kind.Name == definition.Kind) is not { Own: { Length: > 0 } own })
            return;
        var shared = others.Find(other => other.Kind == definition.Kind && own.All(
            key => definition.Settings.TryGetValue(key, out var value) && other.Settings.TryGetValue(key, out var same) && value.Value == same.Value));
        if (shared is not null)
            findings.Add(new(
                Codes.ValueInvalid, Severity.Error, definition.Settings[own[^1]].Place,
                $"the source '{definition.Name}' has the same {string.Join(" and ", own)} as the source '{shared.Name}' at {shared.Settings[own[^1]].Place}; only one of them can read it.",
                $"Give one of them another {own[^1]}."));
    }

    private static SourceDefinition? Read(string file, SchemaCatalog catalog, IReadOnlyList<SourceKind> kinds, List<Finding> findings)
    {
        var yaml = new YamlFile(file, findings, "source: <name>");
        if (yaml.Read() is not { } root)
            return null;

        var keys = new YamlKeys(root, "the source", yaml);
        var name = keys.RequireText("source", "Add a line 'source: <name>'.");
        if (name is not null && !SourceName().IsMatch(name.Value))
            yaml.Fail(Codes.ValueInvalid, name.Place, $"'{name.Value}' is not a source name.", "Use lower-case letters, digits and dashes.");
        // Leases and checkpoints are by source, and Hub has its own, such as the registry's.
        else if (name?.Value.StartsWith("hub-", StringComparison.Ordinal) == true)
            yaml.Fail(Codes.ValueInvalid, name.Place, $"'{name.Value}' may be one of Hub's own names.", "Let it begin with something other than 'hub-'.");
        var kind = ReadKind(keys, kinds, yaml);
        var settings = kind is null ? ImmutableDictionary<string, Setting>.Empty : ReadSettings(keys, kind, yaml);
        var zone = ReadZone(keys.TakeText("timeZone"), yaml);
        var definition = new SourceDefinition
        {
            Name = name?.Value ?? "",
            Kind = kind?.Name ?? "",
            Doc = keys.TakeText("doc")?.Value ?? "",
            Place = file,
            Settings = settings,
            Tables = ReadTables(keys, new TableMappingReader(catalog, zone, kind?.TablesHaveTopics != false, yaml), yaml),
        };
        // Without the kind nobody can say which keys it has.
        if (kind is not null)
            keys.RefuseOthers();
        return definition;
    }

    private static SourceKind? ReadKind(YamlKeys keys, IReadOnlyList<SourceKind> kinds, YamlFile yaml)
    {
        var names = kinds.Select(known => known.Name).ToList();
        if (keys.RequireText("kind", $"Add a line 'kind: …' with one of: {string.Join(", ", names)}.") is not { } text)
            return null;
        var kind = kinds.FirstOrDefault(known => known.Name == text.Value);
        if (kind is null)
            yaml.Fail(Codes.ValueInvalid, text.Place, $"there is no kind of source '{text.Value}'.", Nearest.Suggest(text.Value, names, "kinds"));
        return kind;
    }

    private static ImmutableDictionary<string, Setting> ReadSettings(YamlKeys keys, SourceKind kind, YamlFile yaml)
    {
        var settings = ImmutableDictionary.CreateBuilder<string, Setting>(StringComparer.Ordinal);
        foreach (var key in kind.Required)
            if (keys.RequireText(key, $"A source of kind '{kind.Name}' needs it: add a line '{key}: …'.") is { } text)
                settings[key] = new(text.Value, text.Place);
        foreach (var key in kind.Optional)
            if (keys.TakeText(key) is { IsNull: false } text)
                settings[key] = new(text.Value, text.Place);
        if (kind.Prefix is { } prefix)
            foreach (var (key, text) in keys.TakeAll(prefix))
                settings[key] = new(text.Value, text.Place);
        foreach (var (key, setting) in settings)
            if (kind.Check(key, setting.Value) is { } wrong)
                yaml.Fail(Codes.ValueInvalid, setting.Place, wrong.Message, wrong.Suggestion);
        return settings.ToImmutable();
    }

    private static TimeSpan ReadZone(YamlText? text, YamlFile yaml)
    {
        // China has had one zone without summer time since 1992; the name is fixed here, as machines may lack time zone data.
        if (text is null or { Value: "Asia/Shanghai" })
            return TimeSpan.FromHours(8);
        if (text.Value == "UTC")
            return TimeSpan.Zero;
        if (text.Value.Length > 0 && TimeText.TryZone(Encoding.UTF8.GetBytes(text.Value), out var micros))
            return TimeSpan.FromMicroseconds(micros!.Value);
        yaml.Fail(Codes.ValueInvalid, text.Place, $"'{text.Value}' is not a time zone that Hub knows.", "Write Asia/Shanghai, UTC or an offset such as +08:00.");
        return TimeSpan.Zero;
    }

    private static ImmutableArray<TableMapping> ReadTables(YamlKeys keys, TableMappingReader reader, YamlFile yaml)
    {
        const string Suggestion = "List the tables under it, each with 'table', 'subject', 'key' and 'fields'.";
        var part = keys.Take("tables");
        if (part is not YamlList { Parts.Count: > 0 } list)
        {
            yaml.Fail(Codes.MissingSetting, part?.Place ?? keys.Place, "the source has no 'tables'.", Suggestion);
            return [];
        }

        var tables = ImmutableArray.CreateBuilder<TableMapping>();
        foreach (var entry in list.Parts)
        {
            if (entry is not YamlMap map)
                yaml.Fail(Codes.ValueInvalid, entry.Place, $"'tables' holds {entry.What} where a table should be.", Suggestion);
            else if (reader.Read(map) is { } table)
                Add(tables, table, yaml);
        }

        return tables.ToImmutable();
    }

    private static void Add(ImmutableArray<TableMapping>.Builder tables, TableMapping table, YamlFile yaml)
    {
        if (tables.FirstOrDefault(other => other.Subject == table.Subject) is { } sameSubject)
            yaml.Fail(Codes.ValueInvalid, table.Place, $"the subject '{table.Subject}' is already filled by the table at {sameSubject.Place}.", "Keep one table per subject in a source; put the other in a source of its own.");
        if (tables.FirstOrDefault(other => other.Table == table.Table) is { } sameTable)
            yaml.Fail(Codes.ValueInvalid, table.Place, $"the table '{table.Table}' is already mapped at {sameTable.Place}.", "Keep one of them.");
        tables.Add(table);
    }

    [GeneratedRegex("^[a-z0-9-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex SourceName();
}
