using Hub.Core.Ops;

namespace Hub.Core.Mapping;

/// <summary>Reads a YAML file that holds nothing but single values, such as <c>hub.yaml</c>.</summary>
public static class SettingsFile
{
    /// <summary>Each key with its value and the key's place. Mistakes are added to the findings; an empty file has no settings.</summary>
    public static IReadOnlyList<(string Key, Setting Setting)> Read(string file, List<Finding> findings)
    {
        var yaml = new YamlFile(file, findings, beginning: null);
        var settings = new List<(string, Setting)>();
        foreach (var (key, part) in yaml.Read()?.Pairs ?? [])
        {
            if (part is YamlText text)
                settings.Add((key.Value, new(text.Value, key.Place)));
            else
                yaml.Fail(Codes.YamlInvalid, part.Place, $"'{key.Value}' is not a single value.", $"Write '{key.Value}: value'.");
        }

        return settings;
    }
}
