using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>A request that the registry refuses. Source of numbers and sentences: Confluent Schema Registry API reference.</summary>
internal sealed class RegistryFault(int status, int code, string message) : Exception(message)
{
    public int Status => status;

    public RegistryError Error => new(code, Message);

    public static RegistryFault SubjectNotFound(string subject) => new(404, RegistryErrors.SubjectNotFound, $"Subject '{subject}' not found.");

    public static RegistryFault VersionNotFound(int version) => new(404, RegistryErrors.VersionNotFound, $"Version {version} not found.");

    public static RegistryFault SchemaNotFound(int? id) => new(404, RegistryErrors.SchemaNotFound, id is null ? "Schema not found" : $"Schema {id} not found");

    public static RegistryFault SubjectSoftDeleted(string subject)
        => new(404, RegistryErrors.SubjectSoftDeleted, $"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently");

    public static RegistryFault SubjectNotSoftDeleted(string subject)
        => new(404, RegistryErrors.SubjectNotSoftDeleted, $"Subject '{subject}' was not deleted first before being permanently deleted");

    public static RegistryFault VersionSoftDeleted(string subject, int version)
        => new(404, RegistryErrors.VersionSoftDeleted, $"Subject '{subject}' Version {version} was soft deleted. Set permanent=true to delete permanently");

    public static RegistryFault VersionNotSoftDeleted(string subject, int version)
        => new(404, RegistryErrors.VersionNotSoftDeleted, $"Subject '{subject}' Version {version} was not deleted first before being permanently deleted");

    public static RegistryFault LevelNotConfigured(string subject)
        => new(404, RegistryErrors.LevelNotConfigured, $"Subject '{subject}' does not have subject-level compatibility configured");

    public static RegistryFault ModeNotConfigured(string subject)
        => new(404, RegistryErrors.ModeNotConfigured, $"Subject '{subject}' does not have subject-level mode configured");

    public static RegistryFault Incompatible(string subject, IEnumerable<string> details)
        => new(409, RegistryErrors.Incompatible, $"Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{string.Join(", ", details)}]");

    public static RegistryFault InvalidSchema(string reason) => new(422, RegistryErrors.InvalidSchema, $"Invalid schema: {reason}");

    public static RegistryFault InvalidVersion(string version)
        => new(422, RegistryErrors.InvalidVersion, $"The specified version '{version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"");

    public static RegistryFault InvalidLevel()
        => new(422, RegistryErrors.InvalidLevel, "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive");

    public static RegistryFault NotPermitted(string message) => new(422, RegistryErrors.NotPermitted, message);

    public static RegistryFault ReferenceExists(string subject, int version)
        => new(422, RegistryErrors.ReferenceExists, $"One or more references exist to the schema {{subject={subject},version={version}}}.");

    public static RegistryFault InvalidSubject(string subject) => new(422, RegistryErrors.InvalidSubject, $"The specified subject '{subject}' is not a valid.");

    public static RegistryFault TimedOut() => new(500, RegistryErrors.TimedOut, "The log did not confirm the change in time; ask whether it was made before trying again.");

    public static RegistryFault NotThePrimary() => new(503, RegistryErrors.NotThePrimary, "Another Hub on the same log registers schemas; send this request to that one.");

    public static RegistryFault NotReady(string why) => new(503, RegistryErrors.StoreFailed, why);

    public static RegistryFault BadBody(string why) => new(400, 400, why);

    /// <summary>A refusal of HTTP itself, with the status as its number.</summary>
    public static RegistryFault Http(int status, string message) => new(status, status, message);
}
