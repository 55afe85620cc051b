using System.Globalization;
using System.Numerics;
using System.Text;
using Hub.Connectors.Debezium;
using Hub.Connectors.Postgres;
using Hub.Core.DeadLetters;
using Hub.Core.Mapping;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Hub.Tests.Fixtures.Kafka;
using Npgsql;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>The shipped finance definition over the database itself and over the topics of a connector that captures it.</summary>
public sealed class DebeziumFinanceTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_mapping_makes_the_same_bytes_of_rows_and_of_records_in_every_writing()
    {
        var (database, connection) = await postgres.CreateFinanceAsync(Cancel);
        await using var owned = database;
        using var folder = new ScratchFolder();
        Shipped.WriteFinance(folder.At("postgres"), connection, $"hub_{database.Name}");
        var catalog = SchemaFolder.Load(Shipped.Schemas);
        var direct = SourceDefinitionReader.Load(folder.At("postgres/finance.yaml"), catalog);
        var expected = await ReadAsync(folder.At("direct.db"), direct, catalog, new PostgresSource(PostgresSourceOptions.From(direct), TimeProvider.System));
        Assert.All(direct.Tables, table => Assert.Contains(expected.Keys, key => key.StartsWith(table.Subject + " ", StringComparison.Ordinal)));

        foreach (var writing in Enum.GetValues<DebeziumWriting>())
        {
            await using var cluster = new LibrdkafkaCluster();
            using var topics = new DebeziumTopicKit(cluster.Bootstrap);
            var hints = new Dictionary<string, string>(StringComparer.Ordinal);
            var schemas = new Dictionary<int, string>();
            var lsn = 24_023_128L;
            foreach (var table in direct.Tables)
            {
                var columns = await ColumnsAsync(database.ConnectionString, table.Table);
                var upstream = new DebeziumUpstream("postgresql", table.Table, writing, [.. columns.Select(column => (column.Name, column.Schema))], [.. table.Key]) { FirstId = 1 + (100 * schemas.Count) };
                cluster.CreateTopic(upstream.Topic, 1);
                await topics.WriteAsync(upstream.Topic, 0, [.. (await RowsAsync(database.ConnectionString, table.Table, columns)).Select(row => upstream.Change("r", null, row, DebeziumUpstream.At(lsn++)))]);
                hints[table.Table] = string.Join(", ", columns.Where(column => column.Hint is not null).Select(column => $"{column.Name}: {column.Hint}"));
                foreach (var (id, schema) in upstream.Schemas)
                    schemas[id] = schema;
            }

            var captured = Define(folder, writing, cluster.Bootstrap, hints, catalog);
            var source = new DebeziumSource(DebeziumSourceOptions.From(captured), TimeProvider.System, (id, _) => ValueTask.FromResult(schemas[id]));
            var found = await ReadAsync(folder.At($"{writing}.db"), captured, catalog, source);
            Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
            foreach (var (key, value) in expected.Where(pair => !pair.Value.AsSpan().SequenceEqual(found[pair.Key])))
            {
                Assert.Equal(ExpectedRecord.Of(catalog, value).Select(field => $"{field.Key}={field.Value}"), ExpectedRecord.Of(catalog, found[key]).Select(field => $"{field.Key}={field.Value}"));
                Assert.Fail($"{writing}: the bytes of {key} differ");
            }
        }
    }

    private static SourceDefinition Define(ScratchFolder folder, DebeziumWriting writing, string bootstrap, Dictionary<string, string> hints, SchemaCatalog catalog)
    {
        var format = writing switch { DebeziumWriting.Avro => "format: avro\nregistry: http://127.0.0.1:1", DebeziumWriting.Json => "format: json", _ => "format: json-schemaless" };
        var lines = new StringBuilder();
        foreach (var line in File.ReadLines(folder.At("postgres/finance.yaml")))
        {
            if (line == "kind: postgres")
                lines.Append(CultureInfo.InvariantCulture, $"kind: debezium\nbootstrap: {bootstrap}\ntopicPrefix: fin\n{format}\n");
            else if (!line.StartsWith("connection:", StringComparison.Ordinal) && !line.StartsWith("publication:", StringComparison.Ordinal) && !line.StartsWith("slot:", StringComparison.Ordinal))
                lines.Append(line).Append('\n');
            if (writing == DebeziumWriting.JsonSchemaless && line.StartsWith("  - table: ", StringComparison.Ordinal))
                lines.Append(CultureInfo.InvariantCulture, $"    types: {{ {hints[line["  - table: ".Length..]]} }}\n");
        }

        return SourceDefinitionReader.Load(folder.Write($"{writing}/finance.yaml", lines.ToString()), catalog);
    }

    /// <summary>Every live document of the source by subject and id, once its first reading is through.</summary>
    private static async Task<Dictionary<string, byte[]>> ReadAsync(string path, SourceDefinition definition, SchemaCatalog catalog, ISource source)
    {
        await using var log = new SqliteLog(new() { Path = path });
        var letters = new DeadLetterBook(catalog, TimeProvider.System);
        await letters.LoadAsync(log, Cancel);
        var writer = new IngestWriter(definition, catalog, log, letters, new Freshness());
        await writer.OpenAsync(2, Cancel);
        await using (source)
            await foreach (var batch in source.ReadAsync(null, Cancel))
            {
                await writer.WriteAsync(batch, Cancel);
                if (batch.Snapshot is null)
                    break;
            }

        Assert.Empty(writer.Drift);
        var documents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var subject in definition.Tables.Select(table => table.Subject))
            foreach (var (id, document) in (await LogState.ReadAsync(log, [subject], Cancel)).Live(subject, definition.Name))
                documents.Add($"{subject} {id}", document.Value);
        return documents;
    }

    private static async Task<List<(string Name, DebeziumSchema Schema, string? Hint, string Type)>> ColumnsAsync(string connection, string table)
    {
        var columns = new List<(string, DebeziumSchema, string?, string)>();
        foreach (var row in await QueryAsync(connection, $"SELECT column_name, udt_name, coalesce(numeric_scale::text, 'variable'), is_nullable FROM information_schema.columns WHERE table_schema || '.' || table_name = '{table}' ORDER BY ordinal_position"))
        {
            var (schema, hint) = row[1] switch
            {
                "numeric" when row[2] == "variable" => (DebeziumSchema.VariableDecimal(), "io.debezium.data.VariableScaleDecimal"),
                "numeric" => (DebeziumSchema.Decimal(int.Parse(row[2]!, CultureInfo.InvariantCulture)), $"org.apache.kafka.connect.data.Decimal({row[2]})"),
                "date" => (new DebeziumSchema("int32", "io.debezium.time.Date"), "io.debezium.time.Date"),
                "timestamptz" => (new DebeziumSchema("string", "io.debezium.time.ZonedTimestamp"), (string?)null),
                "int4" => (new DebeziumSchema("int32"), null),
                "varchar" or "text" => (new DebeziumSchema("string"), null),
                _ => throw new NotSupportedException($"{table}.{row[0]} is {row[1]}"),
            };
            columns.Add((row[0]!, schema with { Optional = row[3] == "YES" }, hint, row[2] == "variable" && row[1] == "numeric" ? "variable" : row[1]!));
        }

        return columns;
    }

    private static async Task<List<Dictionary<string, object?>>> RowsAsync(string connection, string table, List<(string Name, DebeziumSchema Schema, string? Hint, string Type)> columns)
    {
        var texts = string.Join(", ", columns.Select(column => column.Type == "timestamptz" ? $"({column.Name} AT TIME ZONE 'UTC')::text" : $"{column.Name}::text"));
        return [.. (await QueryAsync(connection, $"SELECT {texts} FROM {table}")).Select(row => columns.Select((column, i) => (column.Name, Value: ValueOf(column.Type, row[i]))).ToDictionary(pair => pair.Name, pair => pair.Value))];
    }

    private static object? ValueOf(string type, string? text) => (type, text) switch
    {
        (_, null) => null,
        ("variable", _) => DebeziumUpstream.Row(("scale", text.Contains('.', StringComparison.Ordinal) ? text.Length - text.IndexOf('.', StringComparison.Ordinal) - 1 : 0), ("value", ValueOf("numeric", text))),
        ("numeric", _) => BigInteger.Parse(text.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture).ToByteArray(isBigEndian: true),
        ("date", _) => DateOnly.Parse(text, CultureInfo.InvariantCulture).DayNumber - new DateOnly(1970, 1, 1).DayNumber,
        ("timestamptz", _) => text.Replace(' ', 'T') + "Z",
        ("int4", _) => int.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    private static async Task<List<string?[]>> QueryAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(Cancel))
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]);
        return rows;
    }
}
