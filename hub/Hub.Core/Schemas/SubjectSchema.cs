using System.Collections.Immutable;

namespace Hub.Core.Schemas;

/// <summary>One version of a subject: what its records hold. Topic, index mapping and catalogue are derived from it.</summary>
public sealed class SubjectSchema(string subject, int version, int id, string doc, ImmutableArray<FieldSchema> fields, string json)
{
    private readonly Dictionary<string, FieldSchema> byName = fields.ToDictionary(field => field.Name, StringComparer.Ordinal);

    /// <summary>Such as <c>finance.paymentDetail</c>; also the name of the topic.</summary>
    public string Subject { get; } = subject;

    public int Version { get; } = version;

    /// <summary>The schema id on the wire, unique in this Hub (<c>hub.id</c>).</summary>
    public int Id { get; } = id;

    public string Doc { get; } = doc;

    /// <summary>In the order of the wire.</summary>
    public ImmutableArray<FieldSchema> Fields { get; } = fields;

    /// <summary>The Avro schema as it was written.</summary>
    public string Json { get; } = json;

    /// <summary>The field that holds the 财政区划 code, by which code lists are chosen.</summary>
    public FieldSchema? Region { get; init; }

    /// <summary>The field that holds the fiscal year, by which code lists are chosen.</summary>
    public FieldSchema? Year { get; init; }

    public FieldSchema? Title { get; } = fields.FirstOrDefault(field => field.IsTitle);

    public FieldSchema? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The same version with other annotations on its fields.</summary>
    internal SubjectSchema WithFields(ImmutableArray<FieldSchema> others)
    {
        return new(Subject, Version, Id, Doc, others, Json) { Region = Same(Region), Year = Same(Year) };

        FieldSchema? Same(FieldSchema? field) => field is null ? null : others[field.Ordinal];
    }
}
