using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Resolution;

/// <summary>Reads the schema of a foreign writer and compiles it against the subject.</summary>
internal sealed class WriterReader(int id, string subject)
{
    /// <returns>Null when its records cannot be read.</returns>
    public ReadPlan? Compile(SubjectSchema? reader, string json, IReadOnlyList<string> references, out IReadOnlyList<Finding> findings)
    {
        findings = [];
        if (reader is null)
            findings = [new(Codes.SchemaWriterRefused, Severity.Error, Place, "there is no such subject.", "Add its schema to the schemas folder.")];
        else if (AvroSchemaText.TryParse(json, references, out var fault) is not { } type)
            findings = [new(Codes.SchemaInvalid, Severity.Error, Place, $"this is not an Avro schema: {fault}", "See the Avro specification, \"Schema Declaration\".")];
        else if (type is not AvroRecord writer)
            findings = [new(Codes.SchemaWriterRefused, Severity.Error, Place, $"the values are {type}, not records.", "Write records.")];
        else
            return Compile(reader, writer, out findings);
        return null;
    }

    private string Place => $"{subject} (schema id {id})";

    private ReadPlan? Compile(SubjectSchema reader, AvroRecord writer, out IReadOnlyList<Finding> findings)
    {
        var plan = ReadPlan.Compile(reader, writer, out var faults);
        var severity = plan is null ? Severity.Error : Severity.Warning;
        findings = [.. faults.Select(fault => CompatibilityFinding.Of(fault, Codes.SchemaWriterRefused, Place) with { Severity = severity })];
        return plan;
    }
}
