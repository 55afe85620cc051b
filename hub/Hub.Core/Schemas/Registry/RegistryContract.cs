using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hub.Core.Schemas.Registry;

/// <summary>A schema that another one uses by name.</summary>
/// <param name="Name">The full name by which it is used.</param>
public sealed record SchemaReference(string Name, string Subject, int Version);

/// <summary>A schema as a registry takes and gives it. Source: Confluent Schema Registry API reference.</summary>
/// <param name="SchemaType">Null is AVRO.</param>
public sealed record SchemaText(string Schema, string? SchemaType = null, IReadOnlyList<SchemaReference>? References = null);

/// <summary>A schema with its place in a registry.</summary>
/// <param name="SchemaType">Null is AVRO.</param>
public sealed record RegisteredSchema(
    string Subject, int Id, int Version, string Schema, string? SchemaType = null, IReadOnlyList<SchemaReference>? References = null);

/// <summary>Where a schema id is used.</summary>
public sealed record SubjectVersion(string Subject, int Version);

/// <summary>Whether a schema may be added to a subject.</summary>
/// <param name="Messages">Why not, a sentence each; null when nobody asked.</param>
public sealed record CompatibilityAnswer(
    [property: JsonPropertyName("is_compatible")] bool IsCompatible, IReadOnlyList<string>? Messages = null);

/// <summary>The id that a registry gave to a schema.</summary>
public sealed record SchemaId(int Id);

/// <summary>A compatibility level as it is set.</summary>
public sealed record LevelChange(string? Compatibility);

/// <summary>A compatibility level as it is told.</summary>
public sealed record LevelAnswer(string? CompatibilityLevel);

/// <summary>Why a registry refused.</summary>
/// <param name="ErrorCode">The HTTP status, mostly followed by two digits of its own, such as 40401.</param>
public sealed record RegistryError([property: JsonPropertyName("error_code")] int ErrorCode, string? Message);

/// <summary>How a registry writes JSON.</summary>
public static class RegistryJson
{
    public const string MediaType = "application/vnd.schemaregistry.v1+json";

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        // Chinese stays readable, and an answer is never part of an HTML page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
    };
}

/// <summary>The numbers of a registry's refusals. Source: Confluent Schema Registry API reference, "Errors".</summary>
public static class RegistryErrors
{
    public const int SubjectNotFound = 40401;
    public const int VersionNotFound = 40402;
    public const int SchemaNotFound = 40403;
    public const int SubjectSoftDeleted = 40404;
    public const int SubjectNotSoftDeleted = 40405;
    public const int VersionSoftDeleted = 40406;
    public const int VersionNotSoftDeleted = 40407;
    public const int LevelNotConfigured = 40408;
    public const int ModeNotConfigured = 40409;
    public const int Incompatible = 409;
    public const int InvalidSchema = 42201;
    public const int InvalidVersion = 42202;
    public const int InvalidLevel = 42203;
    public const int InvalidMode = 42204;
    public const int NotPermitted = 42205;
    public const int ReferenceExists = 42206;
    public const int InvalidSubject = 42208;
    public const int StoreFailed = 50001;
    public const int TimedOut = 50002;
    public const int NotThePrimary = 50003;

    /// <summary>What was asked for is not there; anything else that is 404 is not the answer of a registry.</summary>
    public static bool IsAbsence(int code) => code is >= SubjectNotFound and <= ModeNotConfigured;
}

/// <summary>Confluent's TopicNameStrategy: which subject the values of a topic belong to.</summary>
public static class SubjectNames
{
    private const string ValueSuffix = "-value";

    public static string OfValues(string topic) => topic + ValueSuffix;

    /// <summary>The topic of a subject of values; null when it is not one.</summary>
    public static string? TopicOf(string subject)
        => subject.Length > ValueSuffix.Length && subject.EndsWith(ValueSuffix, StringComparison.Ordinal) ? subject[..^ValueSuffix.Length] : null;
}
