using System.Text;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Tests.Fixtures;

/// <summary>The smallest subject there can be, beside the shipped one of dead letters; and its source <c>things</c>.</summary>
internal static class Things
{
    public const string Subject = "test.thing";
    public const string Source = "things";

    public static SchemaCatalog LoadCatalog(string folder)
    {
        Write(folder, "schemas/test/thing/1.avsc", """
            { "type": "record", "namespace": "test", "name": "Thing", "doc": "物 thing", "hub.id": 1,
              "fields": [
                { "name": "id", "type": "string", "hub.search": "keyword" },
                { "name": "name", "type": ["null", "string"], "default": null, "hub.search": "text", "hub.title": true } ] }
            """);
        Write(folder, "schemas/hub/dead-letter/1.avsc", File.ReadAllText(Path.Combine(Shipped.Schemas, "hub", "dead-letter", "1.avsc")));
        return SchemaFolder.Load(Path.Combine(folder, "schemas"));
    }

    public static SourceDefinition Define(
        string folder, SchemaCatalog catalog, string connection = "Host=nowhere", string publication = "hub", string slot = "hub_things",
        string table = "public.thing", string key = "id")
        => SourceDefinitionReader.Load(
            Write(folder, "things.yaml", $"""
                source: {Source}
                kind: postgres
                connection: '{connection.Replace("'", "''", StringComparison.Ordinal)}'
                publication: {publication}
                slot: {slot}
                tables:
                  - table: {table}
                    subject: {Subject}
                    key: [{key}]
                    fields:
                      id: id
                      name: name
                """),
            catalog);

    public static RelationShape Shape() => new("public.thing", [new("id", "text", InKey: true), new("name", "text", InKey: false)]);

    public static void Add(EnvelopeBatch batch, RelationShape shape, string? id, string? name, long version, Operation operation = Operation.Create)
    {
        batch.Begin(shape, operation, version, occurredAt: 1_750_000_000_000_000, Encoding.UTF8.GetBytes($"p{version}"));
        foreach (var value in new[] { id, name })
            if (value is null)
                batch.AddNull();
            else
                batch.Add(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>A thing as the log holds it; a null name is a tombstone.</summary>
    public static void Add(LogBatch batch, SchemaCatalog catalog, TopicPartition place, string id, string? name, long version = 1)
    {
        var writer = new AvroWriter();
        var schema = catalog.Find(Subject)!;
        writer.BeginRecord(schema.Id);
        writer.WriteBranch(schema.Fields[0], isNull: false);
        writer.WriteBytes(Encoding.UTF8.GetBytes(id));
        writer.WriteBranch(schema.Fields[1], isNull: false);
        writer.WriteBytes(Encoding.UTF8.GetBytes(name ?? ""));
        Add(batch, place, id, name is null ? null : writer.Written.ToArray(), version);
    }

    public static void Add(LogBatch batch, TopicPartition place, string id, byte[]? value, long version = 1)
        => batch.Add(new(
            place, -1, Source, value is null ? Operation.Delete : Operation.Create, version, 0, batch.Store(Encoding.UTF8.GetBytes($"{Source}:{id}")),
            value is null ? Cell.Null : batch.Store(value), batch.Store("p"u8)));

    private static string Write(string folder, string name, string text)
    {
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }
}
