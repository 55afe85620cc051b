using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Resolution;

/// <summary>How records of one writer's schema become records of a subject's latest version. Compiled once, walked for each record.</summary>
public sealed class ReadPlan
{
    private ReadPlan(SubjectSchema schema, AvroRecord writer, ReadStep[]? steps) => (Schema, Writer, Steps) = (schema, writer, steps);

    /// <summary>What the records look like to whoever reads them.</summary>
    public SubjectSchema Schema { get; }

    public AvroRecord Writer { get; }

    /// <summary>Whether the writer's schema is the reader's, so that there is nothing to resolve.</summary>
    public bool IsSame => Steps is null;

    /// <summary>Null when there is nothing to resolve.</summary>
    internal ReadStep[]? Steps { get; }

    /// <param name="faults">Where the two do not fit for every value; a plan may come with some, and then refuses the records that hold such a value.</param>
    /// <returns>Null when no record could be read.</returns>
    public static ReadPlan? Compile(SubjectSchema reader, AvroRecord writer, out IReadOnlyList<Incompatibility> faults)
    {
        faults = [];
        // A registry may know the very same schema by another id.
        if (ReferenceEquals(reader.Type, writer) || AvroCanonicalForm.WithAttributes(reader.Type) == AvroCanonicalForm.WithAttributes(writer))
            return new(reader, writer, null);

        var compiler = new ReadPlanCompiler(reader, writer);
        var steps = compiler.Compile();
        faults = [.. SchemaCompatibility.Check(reader.Type, writer).Union(compiler.Faults)];
        return steps is null ? null : new(reader, writer, steps);
    }
}
