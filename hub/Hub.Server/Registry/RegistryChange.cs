using System.Globalization;
using System.Text;
using System.Text.Json;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>A change of the registry as the log keeps it: one key per version and per level, the last value of a key counts.</summary>
/// <param name="Schema">Null: the version is gone for good, or the level is taken back.</param>
internal sealed record RegistryChange(string Key, StoredSchema? Schema)
{
    public const int Format = 1;

    private const string VersionKey = "schema:", LevelKey = "level:";

    public static RegistryChange Put(StoredVersion version)
        => new(KeyOf(version), new(Format, version.Id, version.Schema, version.References.Count == 0 ? null : version.References, version.Identity, version.IsDeleted ? true : null, null));

    public static RegistryChange Remove(StoredVersion version) => new(KeyOf(version), null);

    /// <param name="subject">Null: the general level.</param>
    public static RegistryChange SetLevel(string? subject, CompatibilityLevel? level)
        => new(LevelKey + subject, level is { } set ? new(Format, null, null, null, null, null, CompatibilityLevels.NameOf(set)) : null);

    public void Write(LogBatch into, string source, TopicPartition place, long sequence)
        => into.Add(new(
            place, -1, source, Schema is null ? Operation.Delete : Operation.Update, sequence, 0, into.Store(Encoding.UTF8.GetBytes($"{source}:{Key}")),
            Schema is null ? Cell.Null : into.Store(JsonSerializer.SerializeToUtf8Bytes(Schema, RegistryJson.Options)), into.Store([])));

    /// <exception cref="HubException">The entry is not one of this registry, or of a newer Hub.</exception>
    public static RegistryChange Read(LogBatch batch, in LogEntry entry)
    {
        try
        {
            var id = Encoding.UTF8.GetString(batch.Bytes(entry.Key));
            var schema = entry.Value.HasValue ? JsonSerializer.Deserialize<StoredSchema>(batch.Bytes(entry.Value), RegistryJson.Options) : null;
            if (schema is not null && schema.Format != Format)
                throw Wrong(entry, $"is in the format {schema.Format}", null);
            return new(id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..], schema);
        }
        catch (JsonException failure)
        {
            throw Wrong(entry, "cannot be read", failure);
        }
    }

    public RegistryState Apply(RegistryState state)
    {
        if (Key.StartsWith(LevelKey, StringComparison.Ordinal))
            return state.WithLevel(Key[LevelKey.Length..], Schema?.Level is { } name ? CompatibilityLevels.Of(name) : null);
        if (!Key.StartsWith(VersionKey, StringComparison.Ordinal))
            return state;
        var rest = Key[VersionKey.Length..];
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var (version, subject) = (int.Parse(rest.AsSpan(0, colon), CultureInfo.InvariantCulture), rest[(colon + 1)..]);
        return Schema is { Id: { } id, Schema: { } text, Identity: { } identity }
            ? state.With(new(subject, version, id, text, Schema.References ?? [], identity, Schema.Deleted == true, IsOwn: false))
            : state.Without(subject, version);
    }

    private static string KeyOf(StoredVersion version) => string.Create(CultureInfo.InvariantCulture, $"{VersionKey}{version.Version}:{version.Subject}");

    private static HubException Wrong(in LogEntry entry, string what, Exception? cause)
        => new(new Finding(Codes.LogDamaged, Severity.Error, $"{entry.Place}@{entry.Offset}", $"the entry {what}.", "Run the newest Hub that has written to this log."), cause);
}

/// <summary>The value of a change; what stands in the log, so names and meanings stay.</summary>
internal sealed record StoredSchema(int Format, int? Id, string? Schema, IReadOnlyList<SchemaReference>? References, string? Identity, bool? Deleted, string? Level);
