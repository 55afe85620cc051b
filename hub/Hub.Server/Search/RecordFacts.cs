using System.Text;
using Hub.Core.Index;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>A link as the record holds it: the field, and the document it names.</summary>
public sealed record RecordLink(string Field, string Subject, string Id)
{
    public string Url => UrlOf(Subject, Id);

    public static string UrlOf(string subject, string id) => $"/api/v1/records/{subject}/{Uri.EscapeDataString(id)}";
}

/// <summary>What a record says of itself beside its fields: its headline and the records it links to.</summary>
internal sealed record RecordFacts(string Source, string Title, IReadOnlyList<RecordLink> Links)
{
    /// <summary>The first half of a document id.</summary>
    public static string SourceOf(string id)
    {
        var colon = id.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? "" : id[..colon];
    }

    public static RecordFacts Of(StoredDocument document, SchemaCatalog catalog)
    {
        var source = SourceOf(document.Id);
        var links = new List<RecordLink>();
        var title = "";
        var reader = catalog.Read(document.Value.Span);
        while (reader.MoveNext())
        {
            var field = reader.Field;
            if (reader.IsNull || (!field.IsTitle && field.Link is null))
                continue;
            var text = Encoding.UTF8.GetString(reader.GetUtf8());
            if (field.IsTitle)
                title = Masking.Apply(field.Mask, text);
            // The id of a link is the whole value.
            if (field is { Link: { } target, Mask: MaskRule.None } && text.Length > 0)
                links.Add(new(field.Name, target, $"{source}:{text}"));
        }

        return new(source, title.Length > 0 ? title : document.Id, links);
    }
}
