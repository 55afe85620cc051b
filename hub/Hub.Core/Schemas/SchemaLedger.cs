using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas.Types;
using Hub.Core.Sources;

namespace Hub.Core.Schemas;

/// <summary>
/// Which schemas the ids in a log stand for. An id says nothing by itself: with those of another registry, or with a version that was
/// changed after all, records would be read as something that they are not. Kept in the log, as the checkpoint of a source that no definition can name.
/// </summary>
public sealed class SchemaLedger
{
    private const string Name = "@schemas";

    // What an id stands for: the version, its form on the wire, and all that was written in it.
    private sealed record Line(string Version, string Form, string Text);

    private readonly ImmutableSortedDictionary<int, Line> now;

    private SchemaLedger(SchemaCatalog catalog) => now = catalog.Versions.ToImmutableSortedDictionary(schema => schema.Id, LineOf);

    /// <summary>Takes note of the catalogue's versions, before a record is written or read with them.</summary>
    /// <exception cref="HubException">The log has records whose ids stand for something else.</exception>
    public static async Task CheckAsync(ILog log, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        var ledger = new SchemaLedger(catalog);
        if (ledger.Holds(await ReadAsync(log, cancellationToken)))
            return;
        // One at a time: each adds to what the others have added.
        await using var lease = await log.AcquireAsync(Name, cancellationToken);
        var known = await ReadAsync(log, cancellationToken);
        if (!ledger.Holds(known))
            await log.AppendAsync(new(), new Checkpoint(Name, new SourcePosition(JsonSerializer.Serialize(known.SetItems(ledger.now), JsonSerializerOptions.Web))), cancellationToken);
    }

    private static async Task<ImmutableSortedDictionary<int, Line>> ReadAsync(ILog log, CancellationToken cancellationToken)
        => await log.ReadCheckpointAsync(Name, cancellationToken) is { } held
            ? JsonSerializer.Deserialize<ImmutableSortedDictionary<int, Line>>(held.Checkpoint.Position.Text, JsonSerializerOptions.Web)!
            : ImmutableSortedDictionary<int, Line>.Empty;

    private static Line LineOf(SubjectSchema schema) => new(
        $"{schema.Subject} {schema.Version.ToString(CultureInfo.InvariantCulture)}",
        AvroCanonicalForm.Fingerprint(AvroCanonicalForm.Of(schema.Type)).ToString("x16", CultureInfo.InvariantCulture),
        AvroCanonicalForm.Sha256(WithoutId(schema))[..16]);

    private static string WithoutId(SubjectSchema schema)
        => AvroCanonicalForm.WithAttributes(schema.Type).Replace(string.Create(CultureInfo.InvariantCulture, $",\"hub.id\":{AvroAttributes.Number(schema.Type.Json, "hub.id")}"), "", StringComparison.Ordinal);

    /// <summary>Whether there is nothing to add.</summary>
    private bool Holds(ImmutableSortedDictionary<int, Line> known)
    {
        Finding[] findings = [.. now.SelectMany(one => Compare(one.Key, one.Value, known))];
        return findings.Length > 0 ? throw new HubException(findings) : now.All(one => known.TryGetValue(one.Key, out var line) && line == one.Value);
    }

    private static IEnumerable<Finding> Compare(int id, Line line, ImmutableSortedDictionary<int, Line> known)
    {
        if (known.TryGetValue(id, out var held) && held.Version != line.Version)
            yield return Of(line, $"has the schema id {id}, which stands for {held.Version} in the records of this log.", OtherIds);
        else if (held is not null && held.Form != line.Form)
            yield return Of(line, "was changed after records were written with it; they would be read as something that they are not.", "Put the file back as it was, and add the change as the next version.");
        // In the same registry the same text has the same id for ever.
        else if (held is null && known.FirstOrDefault(other => other.Value.Version == line.Version && other.Value.Text == line.Text) is { Value: not null } other)
            yield return Of(line, $"has the schema id {id}, but {other.Key} in the records of this log.", OtherIds);
    }

    private const string OtherIds
        = "Set registry.url (or hub.id) back to what it was. With the ids of another registry, begin with an empty data folder, or on Kafka with another kafka.prefix; the sources are then read anew.";

    private static Finding Of(Line line, string message, string suggestion) => new(Codes.SchemaIdsChanged, Severity.Error, line.Version, message, suggestion);
}
