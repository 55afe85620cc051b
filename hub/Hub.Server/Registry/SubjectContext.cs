namespace Hub.Server.Registry;

/// <summary>
/// The context that may stand before a subject, as in <c>:.staging:orders-value</c>. This registry has the default one alone, whose name is a dot.
/// </summary>
internal static class SubjectContext
{
    public static readonly string[] Names = ["."];

    private const string Default = ":.:", Any = ":*:", Mark = ":.";

    /// <summary>The subject without the default context, which is meant when none stands there.</summary>
    public static string Bare(string subject) => subject.StartsWith(Default, StringComparison.Ordinal) ? subject[Default.Length..] : subject;

    /// <summary>The same of what subjects may begin with, where also any context may be meant.</summary>
    public static string BarePrefix(string prefix) => prefix.StartsWith(Any, StringComparison.Ordinal) ? prefix[Any.Length..] : Bare(prefix);

    /// <summary>Whether it is of a context that is not there.</summary>
    public static bool IsForeign(string subject) => subject.StartsWith(Mark, StringComparison.Ordinal) || subject.StartsWith(Any, StringComparison.Ordinal);
}
