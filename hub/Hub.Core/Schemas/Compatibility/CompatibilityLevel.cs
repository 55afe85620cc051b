using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>
/// What a new version of a subject must be able to do. Source: Confluent's documentation, "Schema Evolution and Compatibility".
/// </summary>
public enum CompatibilityLevel
{
    /// <summary>Anything goes.</summary>
    None,

    /// <summary>The new version reads what the one before it wrote.</summary>
    Backward,

    /// <summary>The new version reads what every earlier one wrote.</summary>
    BackwardTransitive,

    /// <summary>The version before reads what the new one writes.</summary>
    Forward,

    /// <summary>Every earlier version reads what the new one writes.</summary>
    ForwardTransitive,

    /// <summary>Backward and forward.</summary>
    Full,

    /// <summary>Backward and forward with every earlier version.</summary>
    FullTransitive,
}

public static class CompatibilityLevels
{
    private static readonly Dictionary<string, CompatibilityLevel> ByName = Enum.GetValues<CompatibilityLevel>().ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);

    /// <summary>In the order of the documentation, as they are written.</summary>
    public static IEnumerable<string> Names => ByName.Keys;

    /// <summary>As the registry writes it, such as <c>BACKWARD_TRANSITIVE</c>.</summary>
    public static string NameOf(CompatibilityLevel level) => level switch
    {
        CompatibilityLevel.None => "NONE",
        CompatibilityLevel.Backward => "BACKWARD",
        CompatibilityLevel.BackwardTransitive => "BACKWARD_TRANSITIVE",
        CompatibilityLevel.Forward => "FORWARD",
        CompatibilityLevel.ForwardTransitive => "FORWARD_TRANSITIVE",
        CompatibilityLevel.Full => "FULL",
        _ => "FULL_TRANSITIVE",
    };

    /// <summary>The level of a name, in upper or lower case; null when there is none.</summary>
    public static CompatibilityLevel? Of(string name) => ByName.TryGetValue(name, out var level) ? level : null;

    /// <summary>Everything that keeps a new version from its place behind the earlier ones; empty when it may be added.</summary>
    /// <param name="earlier">Oldest first.</param>
    public static IReadOnlyList<VersionIncompatibility> Check(CompatibilityLevel level, AvroType next, IReadOnlyList<AvroType> earlier)
    {
        var found = new List<VersionIncompatibility>();
        var first = IsTransitive(level) ? 0 : Math.Max(0, earlier.Count - 1);
        for (var i = earlier.Count - 1; i >= first; i--)
        {
            if (IsBackward(level))
                found.AddRange(SchemaCompatibility.Check(next, earlier[i], NewSide.Reader).Select(fault => new VersionIncompatibility(i, NewSide.Reader, fault)));
            if (IsForward(level))
                found.AddRange(SchemaCompatibility.Check(earlier[i], next, NewSide.Writer).Select(fault => new VersionIncompatibility(i, NewSide.Writer, fault)));
        }

        return found;
    }

    public static bool IsBackward(CompatibilityLevel level) => level is CompatibilityLevel.Backward or CompatibilityLevel.BackwardTransitive || IsFull(level);

    public static bool IsForward(CompatibilityLevel level) => level is CompatibilityLevel.Forward or CompatibilityLevel.ForwardTransitive || IsFull(level);

    public static bool IsTransitive(CompatibilityLevel level)
        => level is CompatibilityLevel.BackwardTransitive or CompatibilityLevel.ForwardTransitive or CompatibilityLevel.FullTransitive;

    private static bool IsFull(CompatibilityLevel level) => level is CompatibilityLevel.Full or CompatibilityLevel.FullTransitive;
}

/// <summary>An incompatibility of a new version with one of the earlier ones.</summary>
/// <param name="Earlier">Which of the earlier ones, from 0, the oldest.</param>
/// <param name="NewSide">Reader: the new version cannot read the earlier one (backward). Writer: the earlier one cannot read the new (forward).</param>
public sealed record VersionIncompatibility(int Earlier, NewSide NewSide, Incompatibility Fault);
