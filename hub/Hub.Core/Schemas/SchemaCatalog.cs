namespace Hub.Core.Schemas;

/// <summary>All subjects and versions of one <c>schemas/</c> folder: the registry of this Hub.</summary>
public sealed class SchemaCatalog
{
    private readonly Dictionary<int, SubjectSchema> byId;
    private readonly Dictionary<string, SubjectSchema> latest;

    public SchemaCatalog(IEnumerable<SubjectSchema> schemas, CodeLists codeLists)
    {
        byId = schemas.ToDictionary(schema => schema.Id);
        latest = byId.Values.GroupBy(schema => schema.Subject, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.MaxBy(schema => schema.Version)!, StringComparer.Ordinal);
        CodeLists = codeLists;
        Subjects = [.. latest.Values.OrderBy(schema => schema.Subject, StringComparer.Ordinal)];
    }

    public CodeLists CodeLists { get; }

    /// <summary>The latest version of every subject, by name.</summary>
    public IReadOnlyList<SubjectSchema> Subjects { get; }

    /// <summary>Every version, by id.</summary>
    public IEnumerable<SubjectSchema> Versions => byId.Values.OrderBy(schema => schema.Id);

    /// <summary>The same catalogue with the ids that a registry gave: for each version the one that stands for its own.</summary>
    public SchemaCatalog WithIds(IReadOnlyDictionary<int, int> ids)
        => new(byId.Values.Select(schema => schema.WithId(ids[schema.Id])), CodeLists);

    /// <summary>The latest version of the subject, or null.</summary>
    public SubjectSchema? Find(string subject) => latest.GetValueOrDefault(subject);

    /// <summary>The schema that wrote a value on the wire, or null.</summary>
    public SubjectSchema? Find(int id) => byId.GetValueOrDefault(id);

    /// <exception cref="InvalidDataException">The value is not in the wire format or its schema is not known.</exception>
    public SubjectSchema SchemaOf(ReadOnlySpan<byte> value)
    {
        var id = WireFormat.ReadSchemaId(value);
        return byId.GetValueOrDefault(id) ?? throw new InvalidDataException($"No schema has the id {id}.");
    }

    /// <summary>A reader over a value in the wire format.</summary>
    /// <exception cref="InvalidDataException">The value is not in the wire format or its schema is not known.</exception>
    public RecordReader Read(ReadOnlySpan<byte> value) => new(SchemaOf(value), value[WireFormat.HeaderSize..]);
}
