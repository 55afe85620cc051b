namespace Hub.Core.Mapping;

/// <summary>A part of a YAML file and where it begins, as <c>file:line:column</c>.</summary>
internal abstract record YamlPart(string Place)
{
    public abstract string What { get; }
}

/// <summary>A scalar with variables filled in. <paramref name="IsNull"/>: written as null, ~ or not at all.</summary>
internal sealed record YamlText(string Value, bool IsNull, string Place) : YamlPart(Place)
{
    public override string What => IsNull ? "nothing" : "a single value";
}

internal sealed record YamlList(IReadOnlyList<YamlPart> Parts, string Place) : YamlPart(Place)
{
    public override string What => "a list";
}

/// <summary>Keys with values, each key once.</summary>
internal sealed record YamlMap(IReadOnlyList<(YamlText Key, YamlPart Value)> Pairs, string Place) : YamlPart(Place)
{
    public override string What => "keys with values";
}
