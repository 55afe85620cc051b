using System.Text;

namespace Hub.Core.Schemas;

/// <summary>
/// How personal values are shown. What is starred cannot be had back from the result. Counts characters as people do, so that a
/// character outside the basic plane is kept or starred whole.
/// </summary>
public static class Masking
{
    /// <summary>The value as it may be shown; empty stays empty, everything else loses at least one character.</summary>
    public static string Apply(MaskRule rule, string value)
    {
        if (rule == MaskRule.None || value.Length == 0)
            return value;

        var characters = value.EnumerateRunes().ToArray();
        var (head, stars, tail) = ShapeOf(rule, characters.Length);
        var shown = new StringBuilder(value.Length + stars);
        foreach (var character in characters.AsSpan(0, head))
            shown.Append(character.ToString());
        shown.Append('*', stars);
        foreach (var character in characters.AsSpan(characters.Length - tail))
            shown.Append(character.ToString());
        return shown.ToString();
    }

    /// <summary>How many characters stay in front and behind, and how many stars stand between.</summary>
    private static (int Head, int Stars, int Tail) ShapeOf(MaskRule rule, int length) => rule switch
    {
        MaskRule.Id => length switch
        {
            18 => (6, 8, 4),
            15 => (6, 6, 3),
            _ => (length / 3, length - (2 * (length / 3)), length / 3),
        },
        // The provincial rule leaves accounts of up to 15 digits clear; here they keep their last quarter at most.
        MaskRule.Account => length > 15 ? (4, 8, 4) : (0, length - (length / 4), length / 4),
        MaskRule.Phone => length switch
        {
            11 => (3, 5, 3),
            7 or 8 => (2, 4, 2),
            _ => (Math.Max(0, length - 4), Math.Min(4, length), 0),
        },
        _ => length switch
        {
            1 => (0, 1, 0),
            2 or 3 => (1, 1, length - 2),
            _ => (length / 2, length - (length / 2), 0),
        },
    };
}
