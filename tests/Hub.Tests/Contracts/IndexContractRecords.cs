using System.Globalization;
using System.Text;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Tests.Contracts;

/// <summary>The schemas and records that the contract of the index is told with.</summary>
internal static class IndexRecords
{
    public const string Payment = "test.payment";
    public const string Project = "test.project";

    private const string PaymentSchema = """
        { "type": "record", "namespace": "test", "name": "Payment", "hub.id": 901, "hub.region": "mofDivCode", "hub.year": "fiscalYear", "fields": [
          { "name": "useDescription", "type": ["null", "string"], "default": null, "hub.search": "text", "hub.title": true },
          { "name": "agencyName", "type": ["null", "string"], "default": null, "hub.search": "text" },
          { "name": "payeeName", "type": ["null", "string"], "default": null, "hub.search": "text", "hub.level": 3 },
          { "name": "payeeAccount", "type": ["null", "string"], "default": null, "hub.search": "keyword", "hub.level": 4, "hub.mask": "account" },
          { "name": "voucherNo", "type": ["null", "string"], "default": null, "hub.search": "keyword" },
          { "name": "fundTypeCode", "type": ["null", "string"], "default": null, "hub.search": "keyword", "hub.codes": "fund-type" },
          { "name": "payAmount", "type": ["null", {"type":"bytes","logicalType":"decimal","precision":38,"scale":2}], "default": null, "hub.search": "amount" },
          { "name": "payDate", "type": ["null", {"type":"int","logicalType":"date"}], "default": null, "hub.search": "date" },
          { "name": "createdAt", "type": ["null", {"type":"long","logicalType":"timestamp-micros"}], "default": null, "hub.search": "time" },
          { "name": "isUrgent", "type": ["null", "boolean"], "default": null, "hub.search": "flag" },
          { "name": "lineCount", "type": ["null", "long"], "default": null, "hub.search": "number" },
          { "name": "note", "type": ["null", "string"], "default": null },
          { "name": "mofDivCode", "type": ["null", "string"], "default": null, "hub.search": "keyword" },
          { "name": "fiscalYear", "type": ["null", "int"], "default": null, "hub.search": "number" } ] }
        """;

    private const string ProjectSchema = """
        { "type": "record", "namespace": "test", "name": "Project", "hub.id": 902, "fields": [
          { "name": "projectName", "type": "string", "hub.search": "text", "hub.title": true },
          { "name": "agencyName", "type": ["null", "string"], "default": null, "hub.search": "text" },
          { "name": "fiscalYear", "type": ["null", "int"], "default": null, "hub.search": "number" } ] }
        """;

    private const string FundTypes = """
        region,year_from,year_to,code,name,parent,evidence
        ,2020,,11,一般公共预算资金,,test
        ,2020,,12,政府性基金预算资金,,test
        ,2020,2022,19,旧名称,,test
        ,2023,,19,新名称,,test
        """;

    public static SchemaCatalog Catalog { get; } = Load((Payment, PaymentSchema), (Project, ProjectSchema));

    /// <summary>The same subjects after the role of a field was changed.</summary>
    public static SchemaCatalog ChangedCatalog { get; } = Load((Payment, PaymentSchema.Replace("\"hub.search\": \"keyword\", \"hub.codes\"", "\"hub.search\": \"text\", \"hub.codes\"", StringComparison.Ordinal)), (Project, ProjectSchema));

    /// <summary>The same subjects with other words to search by.</summary>
    public static SchemaCatalog CatalogWith(string synonyms, string stopWords = "")
        => Load(("text/synonyms.txt", synonyms), ("text/stopwords.txt", stopWords), (Payment, PaymentSchema), (Project, ProjectSchema));

    public static byte[] Wire(string subject, params (string Field, object? Value)[] values)
    {
        var schema = Catalog.Find(subject)!;
        var writer = new AvroWriter();
        writer.BeginRecord(schema.Id);
        foreach (var field in schema.Fields)
        {
            var value = values.FirstOrDefault(pair => pair.Field == field.Name).Value;
            writer.WriteBranch(field, value is null);
            if (value is not null)
                Write(writer, field, value);
        }

        return writer.Written.ToArray();
    }

    public static LogBatch Batch(params Entry[] entries)
    {
        var batch = new LogBatch();
        foreach (var entry in entries)
        {
            var key = batch.Store(Encoding.UTF8.GetBytes(entry.Id));
            var value = entry.Value is null ? Cell.Null : batch.Store(entry.Value);
            batch.Add(new(new(entry.Subject, 0), 0, entry.Id.Split(':')[0], entry.Operation, entry.Version, 0, key, value, Cell.Null));
        }

        return batch;
    }

    private static void Write(AvroWriter writer, FieldSchema field, object value)
    {
        switch (field.Type)
        {
            case FieldType.String:
                writer.WriteBytes(Encoding.UTF8.GetBytes((string)value));
                break;
            case FieldType.Boolean:
                writer.WriteBoolean((bool)value);
                break;
            case FieldType.Decimal:
                writer.WriteDecimal(Int128.Parse(((string)value).Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
                break;
            case FieldType.Date:
                writer.WriteLong(DateOnly.Parse((string)value, CultureInfo.InvariantCulture).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber);
                break;
            case FieldType.Timestamp:
                writer.WriteLong((DateTimeOffset.Parse((string)value, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
                break;
            default:
                writer.WriteLong(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <param name="files">Schemas by their subjects, or other files by their paths.</param>
    private static SchemaCatalog Load(params (string Name, string Text)[] files)
    {
        var folder = Directory.CreateTempSubdirectory("hub-schemas-").FullName;
        try
        {
            foreach (var (name, text) in files)
            {
                var file = Path.Combine(folder, name.EndsWith(".txt", StringComparison.Ordinal) ? name : $"{name.Replace('.', Path.DirectorySeparatorChar)}/1.avsc");
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllText(file, text);
            }

            Directory.CreateDirectory(Path.Combine(folder, "codes"));
            File.WriteAllText(Path.Combine(folder, "codes", "fund-type.csv"), FundTypes);
            return SchemaFolder.Load(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>One log entry of a test; without a value a delete.</summary>
public sealed record Entry(string Subject, string Id, long Version, byte[]? Value, Operation Operation)
{
    public static Entry Put(string id, long version, params (string Field, object? Value)[] values)
        => new(IndexRecords.Payment, id, version, IndexRecords.Wire(IndexRecords.Payment, values), Operation.Update);

    public static Entry PutProject(string id, long version, params (string Field, object? Value)[] values)
        => new(IndexRecords.Project, id, version, IndexRecords.Wire(IndexRecords.Project, values), Operation.Update);

    public static Entry Delete(string id, long version, string subject = IndexRecords.Payment) => new(subject, id, version, null, Operation.Delete);

    public static Entry Truncate(string source, long version, string subject = IndexRecords.Payment) => new(subject, $"{source}:", version, null, Operation.Truncate);
}
