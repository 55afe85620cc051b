using System.Runtime.CompilerServices;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Schemas;
using Npgsql;

namespace Hub.Tests.Fixtures;

/// <summary>
/// The tables of a source, the newest entry of each key in the log, and the documents of the index, compared row by row and field by
/// field. Everything is read as it is now: whoever compares first waits until nothing is under way.
/// </summary>
public sealed class Comparison
{
    private const int Shown = 10;

    /// <summary>Documents that the database has and the log or the index has not.</summary>
    public List<string> Missing { get; } = [];

    /// <summary>Documents that are not in the database, or that the index has twice.</summary>
    public List<string> Extra { get; } = [];

    /// <summary>Documents with another content, or whose version in the index is not the newest of the log.</summary>
    public List<string> Different { get; } = [];

    /// <summary>Documents whose row does not fit its subject, so that a dead letter stands for it; they are not compared.</summary>
    public List<string> Refused { get; } = [];

    /// <summary>Live rows in the database that were compared.</summary>
    public int Rows { get; private set; }

    public bool IsEqual => Missing.Count + Extra.Count + Different.Count == 0;

    public override string ToString()
        => $"{Rows} rows compared, {Refused.Count} refused; {Show("missing", Missing)}; {Show("extra", Extra)}; {Show("different", Different)}";

    public static async Task<Comparison> OfAsync(
        string connectionString, SourceDefinition definition, SchemaCatalog catalog, ILog log, IIndex index, CancellationToken cancellationToken)
    {
        var comparison = new Comparison();
        var subjects = definition.Tables.GroupBy(table => table.Subject, StringComparer.Ordinal).ToList();
        var state = await LogState.ReadAsync(log, [.. subjects.Select(subject => subject.Key)], cancellationToken);
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        foreach (var subject in subjects)
        {
            var schema = catalog.Find(subject.Key)!;
            var refused = new HashSet<string>(StringComparer.Ordinal);
            var expected = new Dictionary<string, Dictionary<string, string?>>(StringComparer.Ordinal);
            foreach (var table in subject)
                await foreach (var row in ReadAsync(connection, table.Table, cancellationToken))
                    Expect($"{definition.Name}:{ExpectedRecord.Key(table.Key.Select(column => row[column]!))}", table, schema, row, expected, refused);
            comparison.Rows += expected.Count;
            comparison.Refused.AddRange(refused.Select(id => $"{subject.Key} {id}"));
            await comparison.CompareAsync(schema, definition.Name, expected, refused, state, catalog, index, cancellationToken);
        }

        return comparison;
    }

    private static void Expect(
        string id, TableMapping table, SubjectSchema schema, IReadOnlyDictionary<string, string?> row,
        Dictionary<string, Dictionary<string, string?>> expected, HashSet<string> refused)
    {
        try
        {
            if (ExpectedRecord.Of(table, schema, row) is { } record)
                expected.Add(id, record);
        }
        catch (FormatException)
        {
            refused.Add(id);
        }
    }

    private async Task CompareAsync(
        SubjectSchema schema, string source, Dictionary<string, Dictionary<string, string?>> expected, HashSet<string> refused,
        LogState state, SchemaCatalog catalog, IIndex index, CancellationToken cancellationToken)
    {
        var log = state.Live(schema.Subject, source);
        var documents = new Dictionary<string, StoredDocument>(StringComparer.Ordinal);
        await foreach (var document in index.ScanAsync(schema.Subject, null, cancellationToken))
            if (document.Id.StartsWith($"{source}:", StringComparison.Ordinal) && !documents.TryAdd(document.Id, document))
                Extra.Add($"index {schema.Subject} {document.Id} twice");

        foreach (var (id, record) in expected)
        {
            if (!log.TryGetValue(id, out var entry))
                Missing.Add($"log {schema.Subject} {id}");
            else
                Differ($"log {schema.Subject} {id}", record, ExpectedRecord.Of(catalog, entry.Value));
            if (!documents.TryGetValue(id, out var document))
                Missing.Add($"index {schema.Subject} {id}");
            else if (entry.Value is not null && (entry.Version != document.Version || !document.Value.Span.SequenceEqual(entry.Value)))
                Different.Add($"index {schema.Subject} {id} holds version {document.Version:X}, the log {entry.Version:X}");
        }

        Extra.AddRange(log.Keys.Where(id => !expected.ContainsKey(id) && !refused.Contains(id)).Select(id => $"log {schema.Subject} {id}"));
        Extra.AddRange(documents.Keys.Where(id => !expected.ContainsKey(id) && !refused.Contains(id)).Select(id => $"index {schema.Subject} {id}"));
    }

    private void Differ(string place, Dictionary<string, string?> expected, Dictionary<string, string?> actual)
    {
        foreach (var (field, value) in expected)
            if (actual.GetValueOrDefault(field) != value)
                Different.Add($"{place}.{field} is '{actual.GetValueOrDefault(field)}' instead of '{value}'");
    }

    private static async IAsyncEnumerable<IReadOnlyDictionary<string, string?>> ReadAsync(
        NpgsqlConnection connection, string table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // As text, in the form that does not depend on the session: every value is then read here and nowhere else.
        await using var settings = new NpgsqlCommand("SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'", connection);
        await settings.ExecuteNonQueryAsync(cancellationToken);
        var columns = new List<string>();
        await using (var names = new NpgsqlCommand("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped", connection))
        {
            names.Parameters.Add(new() { Value = table });
            await using var name = await names.ExecuteReaderAsync(cancellationToken);
            while (await name.ReadAsync(cancellationToken))
                columns.Add($"{name.GetString(0)}::text");
        }

        await using var command = new NpgsqlCommand($"SELECT {string.Join(", ", columns)} FROM {table}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, i => reader.IsDBNull(i) ? null : reader.GetString(i), StringComparer.Ordinal);
    }

    private static string Show(string what, List<string> all) => $"{all.Count} {what}{(all.Count == 0 ? "" : ": " + string.Join(", ", all.Take(Shown)))}";
}
