using Hub.Core.Ops;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>Incompatibilities as findings, the same in every place that tells of them.</summary>
public static class CompatibilityFinding
{
    /// <summary>A new version against an earlier one.</summary>
    /// <param name="place">The new version, such as <c>finance.paymentDetail 2</c>.</param>
    /// <param name="earlier">The earlier one, such as <c>version 1</c>.</param>
    public static Finding Of(VersionIncompatibility found, string place, string earlier)
    {
        var finding = Of(found.Fault, Codes.SchemaIncompatible, place);
        var relation = found.NewSide == NewSide.Reader ? $"cannot read {earlier}" : $"cannot be read by {earlier}";
        return finding with { Message = $"{relation}: {finding.Message}" };
    }

    internal static Finding Of(Incompatibility fault, string code, string place)
        => new(code, Severity.Error, place, $"{fault.RegistryName} at {fault.Path}: {fault.Rule}", fault.Fix);
}
