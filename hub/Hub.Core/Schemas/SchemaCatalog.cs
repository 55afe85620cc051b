using System.Collections.Concurrent;
using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Resolution;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas;

/// <summary>
/// All subjects and versions of one <c>schemas/</c> folder, and the schemas of foreign writers as they become known. Whatever
/// version wrote a record, it is read as one of the subject's latest version. Safe for any thread.
/// </summary>
public sealed class SchemaCatalog
{
    private readonly Dictionary<int, SubjectSchema> byId;
    private readonly Dictionary<string, SubjectSchema> latest;
    private readonly ConcurrentDictionary<int, ReadPlan> plans = new();

    /// <param name="words">How searches are understood; null: every word as it is written.</param>
    /// <exception cref="HubException">The latest version of a subject cannot read records of an earlier one.</exception>
    public SchemaCatalog(IEnumerable<SubjectSchema> schemas, CodeLists codeLists, WordLists? words = null)
    {
        byId = schemas.ToDictionary(schema => schema.Id);
        latest = byId.Values.GroupBy(schema => schema.Subject, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.MaxBy(schema => schema.Version)!, StringComparer.Ordinal);
        CodeLists = codeLists;
        Words = words ?? WordLists.None;
        Subjects = [.. latest.Values.OrderBy(schema => schema.Subject, StringComparer.Ordinal)];
        foreach (var schema in byId.Values)
            plans[schema.Id] = ReadPlan.Compile(latest[schema.Subject], schema.Type, out var faults)
                ?? throw new HubException([.. faults.Select(fault => CompatibilityFinding.Of(fault, Codes.SchemaIncompatible, schema.Subject))]);
    }

    public CodeLists CodeLists { get; }

    public WordLists Words { get; }

    /// <summary>The latest version of every subject, by name.</summary>
    public IReadOnlyList<SubjectSchema> Subjects { get; }

    /// <summary>Every version of the folder, by id.</summary>
    public IEnumerable<SubjectSchema> Versions => byId.Values.OrderBy(schema => schema.Id);

    /// <summary>The same catalogue with the ids that a registry gave: for each version the one that stands for its own.</summary>
    public SchemaCatalog WithIds(IReadOnlyDictionary<int, int> ids)
        => new(byId.Values.Select(schema => schema.WithId(ids[schema.Id])), CodeLists, Words);

    /// <summary>The latest version of the subject, or null.</summary>
    public SubjectSchema? Find(string subject) => latest.GetValueOrDefault(subject);

    /// <summary>The version of the folder that has the id, or null.</summary>
    public SubjectSchema? Find(int id) => byId.GetValueOrDefault(id);

    /// <summary>Whether values with the id can be read.</summary>
    public bool Knows(int id) => plans.ContainsKey(id);

    /// <summary>
    /// Makes records readable whose schema is not of the folder: a producer may register its own for a topic. It may hold more and other
    /// fields than the subject; those that the subject has are resolved.
    /// </summary>
    /// <param name="references">Schemas whose named types it uses, each after those that it uses itself.</param>
    /// <param name="findings">Errors when it is refused; warnings for values that will be refused when they come.</param>
    public bool TryAdd(int id, string subject, string json, IReadOnlyList<string> references, out IReadOnlyList<Finding> findings)
    {
        var plan = new WriterReader(id, subject).Compile(Find(subject), json, references, out findings);
        if (plan is null)
            return false;
        var known = plans.GetOrAdd(id, plan);
        if (known.Schema == plan.Schema && AvroCanonicalForm.Of(known.Writer) == AvroCanonicalForm.Of(plan.Writer))
            return true;
        findings = [new(Codes.SchemaIdTaken, Severity.Error, subject, $"the schema id {id} already stands for another schema, of {known.Schema.Subject}.", "Ids are never shared or used again; the writer needs another registry or id.")];
        return false;
    }

    /// <summary>How a value on the wire is read.</summary>
    /// <exception cref="InvalidDataException">The value is not in the wire format or its schema is not known.</exception>
    public ReadPlan PlanOf(ReadOnlySpan<byte> value)
    {
        var id = WireFormat.ReadSchemaId(value);
        return plans.GetValueOrDefault(id) ?? throw new InvalidDataException($"No schema has the id {id}.");
    }

    /// <summary>What <see cref="Read"/> gives: the latest version of the value's subject.</summary>
    /// <exception cref="InvalidDataException">The value is not in the wire format or its schema is not known.</exception>
    public SubjectSchema SchemaOf(ReadOnlySpan<byte> value) => PlanOf(value).Schema;

    /// <summary>A reader over a value in the wire format, with the fields of the subject's latest version.</summary>
    /// <exception cref="InvalidDataException">The value is not in the wire format or its schema is not known.</exception>
    public RecordReader Read(ReadOnlySpan<byte> value) => new(PlanOf(value), value[WireFormat.HeaderSize..]);
}
