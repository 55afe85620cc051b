using System.Collections.Immutable;
using Hub.Core.Ops;

namespace Hub.Core.Mapping;

/// <summary>Takes the keys of one part of a definition by name; what nobody takes is unknown.</summary>
internal sealed class YamlKeys(YamlMap map, string what, YamlFile yaml)
{
    private readonly Dictionary<string, YamlPart> parts = map.Pairs.ToDictionary(pair => pair.Key.Value, pair => pair.Value, StringComparer.Ordinal);
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    public string Place => map.Place;

    public YamlPart? Take(string key)
    {
        known.Add(key);
        return parts.GetValueOrDefault(key);
    }

    public YamlText? TakeText(string key) => TakeAs<YamlText>(key, "a single value");

    public YamlMap? TakeMap(string key) => TakeAs<YamlMap>(key, "keys with values");

    /// <summary>A single value that must be there.</summary>
    public YamlText? RequireText(string key, string suggestion)
    {
        var isThere = parts.ContainsKey(key);
        var text = TakeText(key);
        if (text is { IsNull: false, Value.Length: > 0 })
            return text;
        // A value of another kind, or a variable that is not set, has its finding already.
        if (!isThere || text is { IsNull: true })
            yaml.Fail(Codes.MissingSetting, text?.Place ?? Place, $"{what} has no '{key}'.", suggestion);
        return null;
    }

    /// <summary>A list of different names; empty when the key is not there.</summary>
    public ImmutableArray<YamlText> TakeNames(string key)
    {
        if (TakeAs<YamlList>(key, "a list") is not { } list)
            return [];
        var names = ImmutableArray.CreateBuilder<YamlText>();
        foreach (var part in list.Parts)
        {
            if (part is not YamlText { IsNull: false, Value.Length: > 0 } name)
                yaml.Fail(Codes.ValueInvalid, part.Place, $"'{key}' holds {part.What} where a name should be.", $"Write {key}: [name, name].");
            else if (names.Any(known => known.Value == name.Value))
                yaml.Fail(Codes.ValueInvalid, name.Place, $"'{name.Value}' stands twice in '{key}'.", "Keep one of them.");
            else
                names.Add(name);
        }

        return names.ToImmutable();
    }

    public bool TakeFlag(string key)
    {
        if (TakeText(key) is not { } text)
            return false;
        if (text.Value is not ("true" or "false"))
            yaml.Fail(Codes.ValueInvalid, text.Place, $"'{key}' is '{text.Value}'.", "Write true or false.");
        return text.Value == "true";
    }

    /// <summary>The keys that begin so, with their single values.</summary>
    public IEnumerable<(string Key, YamlText Text)> TakeAll(string prefix)
        => from pair in map.Pairs
           where pair.Key.Value.StartsWith(prefix, StringComparison.Ordinal)
           let text = TakeText(pair.Key.Value)
           where text is { IsNull: false }
           select (pair.Key.Value, text);

    /// <summary>Refuses every key that was not taken.</summary>
    public void RefuseOthers()
    {
        foreach (var (key, _) in map.Pairs)
            if (!known.Contains(key.Value))
                yaml.Fail(Codes.UnknownKey, key.Place, $"{what} has no key '{key.Value}'.", Nearest.Suggest(key.Value, known, "keys"));
    }

    private T? TakeAs<T>(string key, string expected) where T : YamlPart
    {
        var part = Take(key);
        if (part is not null and not T)
            yaml.Fail(Codes.ValueInvalid, part.Place, $"'{key}' holds {part.What} where {expected} should be.", $"Give '{key}' {expected}.");
        return part as T;
    }
}
