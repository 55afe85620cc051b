using System.Text.RegularExpressions;
using Hub.Core.Ops;

namespace Hub.Core.Mapping;

/// <summary>Fills <c>${env:NAME}</c> and <c>${env:NAME:-default}</c> with environment variables, so that secrets stay out of files.</summary>
internal static partial class Variables
{
    /// <summary>The text with all variables filled in. An empty variable counts as not set.</summary>
    public static string Fill(string text, string place, List<Finding> findings)
    {
        return text.Contains("${", StringComparison.Ordinal) ? Reference().Replace(text, FillOne) : text;

        string FillOne(Match match)
        {
            var name = match.Groups["name"];
            if (!name.Success)
            {
                findings.Add(new(Codes.ValueInvalid, Severity.Error, place, $"'{match.Value}' is not a variable.", "Write ${env:NAME} or ${env:NAME:-default}."));
                return "";
            }

            if (Environment.GetEnvironmentVariable(name.Value) is { Length: > 0 } value)
                return value;
            if (match.Groups["default"] is { Success: true } fallback)
                return fallback.Value;
            findings.Add(new(Codes.VariableNotSet, Severity.Error, place, $"the environment variable {name.Value} is not set.", $"Set {name.Value}, or write a default: ${{env:{name.Value}:-value}}."));
            return "";
        }
    }

    [GeneratedRegex(@"\$\{env:(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?\}|\$\{[^}]*\}?", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
