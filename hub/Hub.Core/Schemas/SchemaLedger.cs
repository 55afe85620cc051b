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

    private const string OtherFile = "Put the file back as it was, and add the change as the next version.";

    private const string OtherIds
        = "Set registry.url (or hub.id) back to what it was. With the ids of another registry, begin with an empty data folder, or on Kafka with another kafka.prefix; the sources are then read anew.";

    // What an id stands for: the version, its form on the wire, and all that was written in it.
    private sealed record Line(string Version, string Form, string Text);

    private readonly ImmutableSortedDictionary<int, Line> now;

    private SchemaLedger(SchemaCatalog catalog) => now = catalog.Versions.ToImmutableSortedDictionary(schema => schema.Id, LineOf);

    /// <summary>Takes note of the catalogue's versions, before a record is written or read with them.</summary>
    /// <exception cref="HubException">The log has records whose ids stand for something else.</exception>
    public static async Task CheckAsync(ILog log, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        var ledger = new SchemaLedger(catalog);
        if (await ledger.HoldsAsync(log, await ReadAsync(log, cancellationToken), cancellationToken))
            return;
        // One at a time: each adds to what the others have added.
        await using var lease = await log.AcquireAsync(Name, cancellationToken);
        var known = await ReadAsync(log, cancellationToken);
        if (!await ledger.HoldsAsync(log, known, cancellationToken))
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
    private async Task<bool> HoldsAsync(ILog log, ImmutableSortedDictionary<int, Line> known, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var (id, line) in now)
            // Nothing is wrong with what nobody has written by yet, such as a schema that is being drafted.
            if (Compare(id, line, known) is { } found && await IsWrittenAsync(log, found.By, cancellationToken))
                findings.Add(found.Finding);
        return findings.Count > 0 ? throw new HubException([.. findings]) : now.All(one => known.TryGetValue(one.Key, out var line) && line == one.Value);
    }

    private static async Task<bool> IsWrittenAsync(ILog log, string version, CancellationToken cancellationToken)
        => (await log.ReadEndsAsync([version[..version.LastIndexOf(' ')]], cancellationToken)).Values.Any(end => end > 0);

    /// <summary>What is wrong for records by a version.</summary>
    private static (string By, Finding Finding)? Compare(int id, Line line, ImmutableSortedDictionary<int, Line> known)
    {
        if (known.TryGetValue(id, out var held))
            return held.Version != line.Version ? (held.Version, Of(line, $"has the schema id {id}, which stands for {held.Version} in the records of this log.", OtherIds))
                : held.Form != line.Form ? (line.Version, Of(line, "was changed after records were written with it; they would be read as something that they are not.", OtherFile))
                : null;
        // In the same registry the same text has the same id for ever.
        return known.FirstOrDefault(other => other.Value.Version == line.Version && other.Value.Text == line.Text) is { Value: not null } before
            ? (line.Version, Of(line, $"has the schema id {id}, but {before.Key} in the records of this log.", OtherIds))
            : null;
    }

    private static Finding Of(Line line, string message, string suggestion) => new(Codes.SchemaIdsChanged, Severity.Error, line.Version, message, suggestion);
}
