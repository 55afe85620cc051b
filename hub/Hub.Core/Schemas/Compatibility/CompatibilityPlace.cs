using System.Globalization;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>Where in the reader's schema a check stands.</summary>
internal readonly record struct CompatibilityPlace(string Pointer, string Field)
{
    public static readonly CompatibilityPlace Root = new("", "");

    public string Path => Pointer.Length == 0 ? "/" : Pointer;

    public CompatibilityPlace Below(string part) => this with { Pointer = $"{Pointer}/{part}" };

    public CompatibilityPlace Below(int branch) => Below(branch.ToString(CultureInfo.InvariantCulture));

    public CompatibilityPlace OfField(int ordinal, string name)
        => new($"{Pointer}/fields/{ordinal.ToString(CultureInfo.InvariantCulture)}", Field.Length == 0 ? name : $"{Field}.{name}");
}
