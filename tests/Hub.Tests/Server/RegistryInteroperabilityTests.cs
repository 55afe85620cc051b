using Avro;
using Avro.Generic;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;
using Hub.Core.Schemas;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Xunit;
using Schema = Confluent.SchemaRegistry.Schema;

namespace Hub.Tests.Server;

/// <summary>Hub's registry as Confluent's own client and serializers use it.</summary>
public sealed class RegistryInteroperabilityTests : IAsyncLifetime
{
    private const string Subject = "ledger.entry-value";
    private const string First = """{"type":"record","namespace":"ledger","name":"Entry","fields":[{"name":"id","type":"string"},{"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}}]}""";

    private static readonly string Second = First.Replace("}]}", "},{\"name\":\"note\",\"type\":[\"null\",\"string\"],\"default\":null}]}", StringComparison.Ordinal);
    private static readonly string Third = Second.Replace("[\"null\",\"string\"],\"default\":null", "\"int\"", StringComparison.Ordinal);

    private readonly ScratchFolder folder = new();
    private SchemaCatalog catalog = null!;
    private SqliteLog log = null!;
    private RegistryServer registry = null!;
    private CachedSchemaRegistryClient client = null!;

    private static SerializationContext Values => new(MessageComponentType.Value, "ledger.entry", new Headers());

    public async ValueTask InitializeAsync()
    {
        catalog = Things.LoadCatalog(folder.Path);
        log = new(new() { Path = folder.At("log.db") });
        registry = await RegistryServer.StartAsync(log, catalog);
        await registry.WaitUntilPrimaryAsync();
        client = NewClient();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await registry.DisposeAsync();
        await log.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_client_registers_finds_and_compares()
    {
        var id = await client.RegisterSchemaAsync(Subject, Avro(First));
        Assert.Equal(id, await client.RegisterSchemaAsync(Subject, Avro(First), normalize: true));
        Assert.Equal(id, await client.GetSchemaIdAsync(Subject, Avro(First)));
        Assert.True(await client.IsCompatibleAsync(Subject, Avro(Second)));
        var second = await client.RegisterSchemaAsync(Subject, Avro(Second));
        Assert.False(await client.IsCompatibleAsync(Subject, Avro(Third)));
        Assert.Equal(409, (await Assert.ThrowsAsync<SchemaRegistryException>(() => client.RegisterSchemaAsync(Subject, Avro(Third)))).ErrorCode);

        Assert.Equal(First, (await client.GetSchemaAsync(id)).SchemaString);
        Assert.Equal(First, (await client.GetSchemaBySubjectAndIdAsync(Subject, id)).SchemaString);
        Assert.Equal((second, 2), (await client.GetLatestSchemaAsync(Subject)) is var latest ? (latest.Id, latest.Version) : default);
        Assert.Equal(Second, (await client.GetRegisteredSchemaAsync(Subject, 2, ignoreDeletedSchemas: true)).SchemaString);
        Assert.Equal((id, 1), (await client.LookupSchemaAsync(Subject, Avro(First), ignoreDeletedSchemas: true)) is var found ? (found.Id, found.Version) : default);
        Assert.Equal([1, 2], await client.GetSubjectVersionsAsync(Subject));
        Assert.Contains(Subject, await client.GetAllSubjectsAsync());
        Assert.Equal(40403, (await Assert.ThrowsAsync<SchemaRegistryException>(() => client.GetSchemaAsync(2_000_000))).ErrorCode);
    }

    [Fact]
    public async Task The_client_reads_and_sets_levels()
    {
        Assert.Equal(Compatibility.Backward, await client.GetCompatibilityAsync());
        Assert.Equal(Compatibility.FullTransitive, await client.UpdateCompatibilityAsync(Compatibility.FullTransitive, Subject));
        Assert.Equal(Compatibility.FullTransitive, await client.GetCompatibilityAsync(Subject));
    }

    [Fact]
    public async Task The_client_uses_one_schema_in_another()
    {
        await client.RegisterSchemaAsync(Subject, Avro(First));
        List<SchemaReference> references = [new("ledger.Entry", Subject, 1)];
        await client.RegisterSchemaAsync("ledger.book-value", new("""{"type":"record","namespace":"ledger","name":"Book","fields":[{"name":"first","type":"ledger.Entry"}]}""", references, SchemaType.Avro));
        Assert.Equal(("ledger.Entry", Subject, 1), Assert.Single((await client.GetLatestSchemaAsync("ledger.book-value")).References) is var used ? (used.Name, used.Subject, used.Version) : default);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_the_serializer_writes_the_deserializer_reads(bool register, bool latest)
    {
        if (!register)
            await client.RegisterSchemaAsync(Subject, Avro(First));
        var schema = (RecordSchema)global::Avro.Schema.Parse(First);
        var record = new GenericRecord(schema);
        record.Add("id", "1");
        record.Add("amount", new AvroDecimal(12.34m));
        var wire = await new AvroSerializer<GenericRecord>(client, new AvroSerializerConfig { AutoRegisterSchemas = register, UseLatestVersion = latest }).SerializeAsync(record, Values);
        using var reader = NewClient();
        var read = await new AvroDeserializer<GenericRecord>(reader).DeserializeAsync(wire, isNull: false, Values);
        Assert.Equal(("1", new AvroDecimal(12.34m)), ((string)read["id"], (AvroDecimal)read["amount"]));
    }

    [Fact]
    public async Task A_version_of_the_folder_is_what_a_producer_writes_by()
    {
        var own = catalog.Find("test.thing")!;
        var found = await client.GetLatestSchemaAsync("test.thing-value");
        Assert.Equal((own.Id, own.Version), (found.Id, found.Version));
        Assert.Equal(own.Type.ToString(), $"record {((RecordSchema)global::Avro.Schema.Parse(found.SchemaString)).Fullname}");
    }

    private static Schema Avro(string text) => new(text, SchemaType.Avro);

    private CachedSchemaRegistryClient NewClient() => new(new SchemaRegistryConfig { Url = registry.Address.ToString() });
}
