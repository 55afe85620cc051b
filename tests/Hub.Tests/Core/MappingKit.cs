using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Tests.Core;

/// <summary>What the mapper made of a row.</summary>
internal sealed record Mapped(MapOutcome Outcome, string? Refusal, string Key, IReadOnlyDictionary<string, object?> Fields);

/// <summary>A subject with every type, and the way from YAML and cells to a record.</summary>
internal static class MappingKit
{
    public const string PaymentSchema = """
        { "type": "record", "namespace": "test", "name": "Payment", "doc": "支付 payment", "hub.id": 7, "hub.region": "mofDivCode", "hub.year": "fiscalYear",
          "fields": [
            { "name": "id", "type": "string", "hub.search": "keyword", "hub.title": true },
            { "name": "mofDivCode", "type": ["null", "string"], "default": null },
            { "name": "fiscalYear", "type": ["null", "int"], "default": null, "hub.search": "number" },
            { "name": "amount", "type": ["null", { "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 }], "default": null, "hub.search": "amount" },
            { "name": "wide", "type": [{ "type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 10 }, "null"] },
            { "name": "count", "type": ["null", "int"], "default": null },
            { "name": "big", "type": ["long", "null"] },
            { "name": "isGov", "type": ["null", "boolean"], "default": null },
            { "name": "payDate", "type": ["null", { "type": "int", "logicalType": "date" }], "default": null, "hub.search": "date" },
            { "name": "paidAt", "type": [{ "type": "long", "logicalType": "timestamp-micros" }, "null"] },
            { "name": "payee", "type": ["null", "string"], "default": null, "hub.level": 4, "hub.mask": "name" },
            { "name": "account", "type": ["null", "string"], "default": null, "hub.level": 3 },
            { "name": "currency", "type": ["null", "string"], "default": null },
            { "name": "fundTypeCode", "type": ["null", "string"], "default": null, "hub.codes": "fund-type" },
            { "name": "agencyId", "type": ["null", "string"], "default": null, "hub.link": "test.payment" },
            { "name": "remark", "type": ["string", "null"] }
          ] }
        """;

    public const string FundTypes = "region,year_from,year_to,code,name,parent,evidence\n,2020,,11,一般公共预算,,x\n33,2022,2024,12,政府性基金,,x\n";

    public static readonly SchemaCatalog Catalog = LoadCatalog();

    public static SubjectSchema Schema => Catalog.Find("test.payment")!;

    public static SourceDefinition Define(string table, string? settings = null)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("s.yaml", $"source: s\nkind: postgres\nconnection: c\npublication: p\nslot: l\n{settings}\ntables:\n{table}");
        return SourceDefinitionReader.Load(file, Catalog);
    }

    public static TableMapping DefineFields(string fields, string? more = null, string? settings = null)
        => Define($"  - table: public.t\n    subject: test.payment\n    key: [k]\n{(more is null ? "" : $"    {more}\n")}    fields:\n      id: k\n      {fields}\n", settings).Tables[0];

    public static RelationShape Shape(params (string Name, string Type)[] columns)
        => new("public.t", [.. columns.Select(column => new ColumnShape(column.Name, column.Type, column.Name == "k"))]);

    public static RowMapper Compile(TableMapping mapping, RelationShape shape, List<Finding>? drift = null)
        => RowMapper.Compile(mapping, Schema, Catalog.CodeLists, shape, drift ?? []);

    /// <summary>Maps one row: <c>k</c> is its key column, <c>v</c> a text column with the given value.</summary>
    public static Mapped MapValue(string fields, string? value, string type = "text", string? settings = null)
        => Map(DefineFields(fields, settings: settings), Shape(("k", "text"), ("v", type)), "1", value);

    public static Mapped Map(TableMapping mapping, RelationShape shape, params string?[] cells) => Map(Compile(mapping, shape), shape, cells);

    public static Mapped Map(RowMapper mapper, RelationShape shape, params string?[] cells)
    {
        var batch = Batch(shape, cells);
        var (value, key) = (new AvroWriter(), new KeyWriter());
        var outcome = mapper.Map(batch.RowOf(batch[0]), value, key, out var refusal);
        var fields = outcome == MapOutcome.Upsert ? Fields(value.Written) : [];
        return new(outcome, refusal, Encoding.UTF8.GetString(key.Written), fields);
    }

    /// <summary>A cell "&lt;absent&gt;" stands for one that the source did not send.</summary>
    public static EnvelopeBatch Batch(RelationShape shape, params string?[] cells)
    {
        var batch = new EnvelopeBatch();
        batch.Begin(shape, Operation.Update, version: 1, occurredAt: 0, position: default);
        foreach (var cell in cells)
        {
            if (cell is null)
                batch.AddNull();
            else if (cell == "<absent>")
                batch.AddAbsent();
            else
                batch.Add(Encoding.UTF8.GetBytes(cell));
        }

        return batch;
    }

    public static Dictionary<string, object?> Fields(ReadOnlySpan<byte> wire)
    {
        var fields = new Dictionary<string, object?>();
        var reader = Catalog.Read(wire);
        while (reader.MoveNext())
            fields[reader.Field.Name] = reader.IsNull ? null : reader.Field.Type switch
            {
                FieldType.String => Encoding.UTF8.GetString(reader.GetUtf8()),
                FieldType.Boolean => reader.GetBoolean(),
                FieldType.Decimal => reader.GetDecimal(),
                _ => reader.GetLong(),
            };
        return fields;
    }

    private static SchemaCatalog LoadCatalog()
    {
        using var folder = new ScratchFolder();
        folder.Write("test/payment/1.avsc", PaymentSchema);
        folder.Write("codes/fund-type.csv", FundTypes);
        return SchemaFolder.Load(folder.Path);
    }
}
