using System.Text;
using Hub.Core.Records;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>
/// Records with every field that the documentation shows, in the order in which it shows them. Each case names its page, below
/// https://debezium.io/documentation/reference/stable/connectors/.
/// </summary>
public sealed class DebeziumDocumentedTests
{
    private const string Customer = """{ "id": 1, "first_name": "Anne", "last_name": "Kretchmar", "email": "annek@noanswer.org" }""";
    private const string Transaction = """{ "id": "571:53195829", "total_order": 1, "data_collection_order": 1 }""";

    /// <summary>Page, connector, source block, operation, before, after, operation and version that it is, moment in microseconds.</summary>
    public static TheoryData<string, string, string, string, string, string, Operation, long, long> Records => new()
    {
        {
            "postgresql.html#postgresql-create-events", "postgresql",
            """{ "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1559033904863, "ts_us": 1559033904863123, "ts_ns": 1559033904863123000, "snapshot": true, "db": "postgres", "sequence": "[\"24023119\",\"24023128\"]", "schema": "public", "table": "customers", "txId": 555, "lsn": 24023128, "xmin": null }""",
            "c", "null", Customer, Operation.Create, 24_023_128, 1_559_033_904_863_123
        },
        {
            "postgresql.html#postgresql-update-events", "postgresql",
            """{ "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1559033904863, "ts_us": 1559033904863769, "ts_ns": 1559033904863769000, "snapshot": false, "db": "postgres", "schema": "public", "table": "customers", "txId": 556, "lsn": 24023129, "xmin": null }""",
            "u", """{ "id": 1 }""", Customer, Operation.Update, 24_023_129, 1_559_033_904_863_769
        },
        {
            "postgresql.html#postgresql-delete-events", "postgresql",
            """{ "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1559033904863, "ts_us": 1559033904863852, "ts_ns": 1559033904863852000, "snapshot": false, "db": "postgres", "schema": "public", "table": "customers", "txId": 556, "lsn": 46523128, "xmin": null }""",
            "d", """{ "id": 1 }""", "null", Operation.Delete, 46_523_128, 1_559_033_904_863_852
        },
        {
            "postgresql.html#postgresql-incremental-snapshots", "postgresql",
            """{ "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1620393591654, "snapshot": "incremental", "db": "postgres", "sequence": "[\"24023119\",\"24023128\"]", "schema": "public", "table": "customers", "txId": 555, "lsn": 24023130, "xmin": null }""",
            "r", "null", Customer, Operation.Snapshot, 24_023_130, 1_620_393_591_654_000
        },
        {
            "mysql.html#mysql-create-events", "mysql",
            """{ "version": "3.0.0.Final", "connector": "mysql", "name": "mysql-server-1", "ts_ms": 0, "ts_us": 0, "ts_ns": 0, "snapshot": false, "db": "inventory", "table": "customers", "server_id": 0, "gtid": null, "file": "mysql-bin.000003", "pos": 154, "row": 0, "thread": 7, "query": "INSERT INTO customers VALUES (1, 'Anne')" }""",
            "c", "null", Customer, Operation.Create, (3L << 43) | (154L << 11), 0
        },
        {
            "mysql.html#mysql-update-events", "mysql",
            """{ "version": "3.0.0.Final", "connector": "mysql", "name": "mysql-server-1", "ts_ms": 1465581029100, "ts_us": 1465581029100000, "ts_ns": 1465581029100000000, "snapshot": false, "db": "inventory", "table": "customers", "server_id": 223344, "gtid": "24DA167-0C0C-11E8-8442-00059A3C7B00:1-19", "file": "mysql-bin.1000003", "pos": 484, "row": 3, "thread": 7, "query": "UPDATE customers" }""",
            "u", Customer, Customer, Operation.Update, (1_000_003L << 43) | (484L << 11) | 3, 1_465_581_029_100_000
        },
        {
            "mariadb.html#mariadb-delete-events", "mariadb",
            """{ "version": "3.0.0.Final", "connector": "mariadb", "name": "mariadb-server-1", "ts_ms": 1465581902300, "ts_us": 1465581902300000, "ts_ns": 1465581902300000000, "snapshot": false, "db": "inventory", "table": "customers", "server_id": 223344, "gtid": "0-223344-19", "file": "mariadb-bin.000003", "pos": 805, "row": 0, "thread": 7, "query": "DELETE FROM customers WHERE id=1" }""",
            "d", Customer, "null", Operation.Delete, (3L << 43) | (805L << 11), 1_465_581_902_300_000
        },
        {
            "oracle.html#oracle-create-events", "oracle",
            """{ "version": "3.0.0.Final", "name": "server1", "ts_ms": 1520085154000, "ts_us": 1520085154000000, "ts_ns": 1520085154000000000, "txId": "6.28.807", "scn": "2122185", "commit_scn": "2122186", "rs_id": "001234.00012345.0124", "ssn": 1, "redo_thread": 1, "user_name": "user", "snapshot": false, "row_id": "AAASgjAAMAAAACnAAA" }""",
            "c", "null", Customer, Operation.Create, 2_122_185, 1_520_085_154_000_000
        },
        {
            "oracle.html#oracle-update-events", "oracle",
            """{ "version": "3.0.0.Final", "name": "server1", "ts_ms": 1520085811000, "txId": "6.9.809", "scn": "2125544", "commit_scn": null, "rs_id": null, "ssn": 0, "redo_thread": null, "user_name": null, "snapshot": false }""",
            "u", Customer, Customer, Operation.Update, 2_125_544, 1_520_085_811_000_000
        },
    };

    [Theory]
    [MemberData(nameof(Records))]
    public async Task A_documented_record_is_the_change_that_it_documents(
        string page, string connector, string source, string op, string before, string after, Operation operation, long version, long moment)
    {
        var upstream = new DebeziumUpstream(connector, "inventory.customers", DebeziumWriting.JsonSchemaless, [("id", new("int32") { Optional = false }), ("first_name", new("string")), ("last_name", new("string")), ("email", new("string"))]);
        foreach (var transaction in new[] { "null", Transaction })
        {
            var reading = new DebeziumReading(upstream, connector: connector, columns: ["id", "first_name", "email"]);
            var change = Assert.Single(await reading.ReadAsync(new Confluent.Kafka.Message<byte[], byte[]>
            {
                Key = """{ "id": 1 }"""u8.ToArray(),
                Value = Encoding.UTF8.GetBytes($$"""{ "before": {{before}}, "after": {{after}}, "source": {{source}}, "op": "{{op}}", "ts_ms": 1580390884335, "ts_us": 1580390884335451, "ts_ns": 1580390884335451325, "transaction": {{transaction}} }"""),
            }));
            Assert.Equal((page, operation, version, moment), (page, change.Operation, change.Version, change.OccurredAt));
            Assert.Equal("1", change.Row["id"]);
            Assert.Equal(op == "d" ? null : "annek@noanswer.org", change.Row.GetValueOrDefault("email"));
            Assert.Null(reading.Batch.NoteOf(0));
        }
    }

    /// <summary>postgresql.html#postgresql-truncate-events, mysql.html#mysql-truncate-events, postgresql.html#postgresql-message-events: no rows and no key.</summary>
    [Theory]
    [InlineData("postgresql", """{ "source": { "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1559033904863, "snapshot": false, "db": "postgres", "schema": "public", "table": "customers", "txId": 556, "lsn": 46523128, "xmin": null }, "op": "t", "ts_ms": 1559033904961 }""", 46_523_128L)]
    [InlineData("mysql", """{ "source": { "version": "3.0.0.Final", "name": "mysql-server-1", "connector": "mysql", "ts_ms": 1708442500000, "snapshot": "false", "db": "inventory", "table": "customers", "server_id": 223344, "gtid": null, "file": "mysql-bin.000003", "pos": 775, "row": 0, "thread": 7, "query": "TRUNCATE TABLE customers" }, "op": "t", "ts_ms": 1465581902461 }""", (3L << 43) | (775L << 11))]
    [InlineData("postgresql", """{ "source": { "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": 1559033904863, "snapshot": false, "db": "postgres", "schema": "", "table": "", "txId": 556, "lsn": 46523128, "xmin": null }, "op": "m", "ts_ms": 1559033904961, "message": { "prefix": "foo", "content": "Ymfy" } }""", null)]
    public async Task A_documented_record_without_a_row_is_a_truncate_or_nothing(string connector, string value, long? version)
    {
        var upstream = new DebeziumUpstream(connector, "inventory.customers", DebeziumWriting.JsonSchemaless, [("id", new("int32") { Optional = false })]);
        var changes = await new DebeziumReading(upstream, connector: connector, columns: ["id"]).ReadAsync(new Confluent.Kafka.Message<byte[], byte[]> { Key = null!, Value = Encoding.UTF8.GetBytes(value) });
        Assert.Equal(version is null ? [] : [(Operation.Truncate, version.Value)], changes.Select(change => (change.Operation, change.Version)));
    }
}
