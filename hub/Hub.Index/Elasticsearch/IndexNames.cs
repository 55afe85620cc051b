using System.Globalization;
using System.Text;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// The names in the engine: <c>hub-finance.payment-detail-3</c> is the third generation of finance.paymentDetail, <c>hub-finance.payment-detail</c> the
/// alias of the one that is searched, <c>hub-all</c> an alias over all of those, and <c>hub-state</c> what Hub keeps for itself.
/// </summary>
internal sealed class IndexNames(string prefix)
{
    public string All { get; } = $"{prefix}all";

    public string State { get; } = $"{prefix}state";

    public string Template(string subject) => AliasOf(subject);

    public string AliasOf(string subject)
    {
        var name = new StringBuilder(prefix, prefix.Length + subject.Length + 4);
        for (var i = 0; i < subject.Length; i++)
        {
            if (char.IsAsciiLetterUpper(subject[i]) && i > 0 && subject[i - 1] != '.')
                name.Append('-');
            name.Append(char.ToLowerInvariant(subject[i]));
        }

        return name.ToString();
    }

    public string GenerationOf(string subject, int number) => string.Create(CultureInfo.InvariantCulture, $"{AliasOf(subject)}-{number}");

    /// <summary>An alias of one generation that goes when it goes: a write to it makes no new index.</summary>
    public string WriteAliasOf(string subject, int number) => $"{GenerationOf(subject, number)}-write";
}

/// <summary>The fields of a document that no schema names; a schema's own names hold no such sign.</summary>
internal static class EngineFields
{
    public const string Id = "@id";
    public const string Subject = "@subject";
    public const string Source = "@source";
    public const string Version = "@version";

    /// <summary>The bytes that came through the log.</summary>
    public const string Value = "@value";

    /// <summary>The title alone, for its greater weight.</summary>
    public const string Title = "@title";

    /// <summary>All words of the document.</summary>
    public const string Text = "@text";

    /// <summary>The names of the text fields that have a value; other fields tell it by themselves.</summary>
    public const string Present = "@present";

    /// <summary>On delete markers alone: when it was written, in milliseconds since 1970 UTC.</summary>
    public const string DeletedAt = "@deletedAt";

    /// <summary>Under a field with a code list: the code as the source has it.</summary>
    public const string Code = "code";

    /// <summary>Under a field with a code list: what the code is called.</summary>
    public const string Name = "name";
}
