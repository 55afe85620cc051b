namespace Hub.Core.Sources;

/// <summary>A source's place: opaque text that only the source that made it looks into.</summary>
public readonly record struct SourcePosition(string Text)
{
    public override string ToString() => Text;
}
