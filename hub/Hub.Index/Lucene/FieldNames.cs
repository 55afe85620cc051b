using Hub.Index.Queries;

namespace Hub.Index.Lucene;

/// <summary>The index fields that no schema names. Schema fields keep their own names, which may not start with an underscore.</summary>
internal static class FieldNames
{
    /// <summary><c>subject\0id</c>: one live document each. Term, and binary doc value for breaking ties.</summary>
    public const string Uid = OwnFields.Id;
    public const string Subject = OwnFields.Subject;
    public const string Source = OwnFields.Source;
    public const string Version = "_version";

    /// <summary>The bytes that came through the log, stored.</summary>
    public const string Value = "_value";

    /// <summary>The title alone, for its greater weight.</summary>
    public const string Title = "_title";

    /// <summary>All words of the document.</summary>
    public const string Text = "_text";

    /// <summary>The names of the text fields that have a value; other fields tell it by their doc values.</summary>
    public const string Present = "_present";

    /// <summary>On delete markers alone: <see cref="AnyMarker"/> and the subject.</summary>
    public const string Deleted = "_deleted";
    public const string AnyMarker = "1";
}
