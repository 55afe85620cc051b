using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Benchmarks.Codec;

/// <summary>The values of one payment detail, in every form that a codec begins with.</summary>
internal sealed class CodecSample
{
    private const string Subject = "finance.paymentDetail";
    private const long Amount = 12_345_678;
    private const int Day = 20_148;
    private const long Moment = 1_740_816_000_123_456;

    private CodecSample(SchemaCatalog catalog, SourceDefinition definition)
    {
        (Catalog, Definition) = (catalog, definition);
        Mapping = definition.Tables.First(table => table.Subject == Subject);
        Schema = catalog.Find(Subject)!;
        Texts = [.. Schema.Fields.Select(field => field.Type == FieldType.String ? TextOf(field.Name) : "")];
        Utf8 = [.. Texts.Select(Encoding.UTF8.GetBytes)];
        Numbers = [.. Schema.Fields.Select(field => field.Type switch
        {
            FieldType.Decimal => Amount,
            FieldType.Date => Day,
            FieldType.Timestamp => Moment,
            _ => 2025,
        })];
    }

    public SchemaCatalog Catalog { get; }

    public SourceDefinition Definition { get; }

    public TableMapping Mapping { get; }

    public SubjectSchema Schema { get; }

    /// <summary>By ordinal; empty for what is no text.</summary>
    public string[] Texts { get; }

    public byte[][] Utf8 { get; }

    /// <summary>By ordinal; a decimal's unscaled number.</summary>
    public long[] Numbers { get; }

    public static CodecSample Load(string root)
    {
        // The definition names its connection by a variable; nothing connects here.
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HUB_FINANCE_CONNECTION")))
            Environment.SetEnvironmentVariable("HUB_FINANCE_CONNECTION", "Host=unused");
        var catalog = SchemaFolder.Load(Path.Combine(root, "schemas"));
        return new CodecSample(catalog, SourceDefinitionReader.Load(Path.Combine(root, "connectors", "finance", "finance.yaml"), catalog));
    }

    /// <summary>A row as PostgreSQL sends it, and its mapper.</summary>
    public (RowMapper Mapper, EnvelopeBatch Rows) MakeRow()
    {
        var shape = new RelationShape(Mapping.Table, [.. Mapping.Columns.Select(column => new ColumnShape(column, "text", false))]);
        var rows = new EnvelopeBatch();
        rows.Begin(shape, Operation.Update, version: 1, occurredAt: 0, position: default);
        foreach (var column in shape.Columns)
            rows.Add(Encoding.UTF8.GetBytes(CellOf(column.Name)));
        return (RowMapper.Compile(Mapping, Schema, Catalog.CodeLists, shape, []), rows);
    }

    /// <summary>What PostgreSQL's text of a column is.</summary>
    public string CellOf(string column)
    {
        if (column == Mapping.Deleted?.Column)
            return Mapping.Deleted.Values.First(pair => !pair.Value).Key;
        var field = Mapping.Fields.Where(field => field.Column == column).Select(field => Schema.Find(field.Field)).FirstOrDefault();
        return field?.Type switch
        {
            FieldType.Decimal => "123456.78",
            FieldType.Date => "2025-03-01",
            FieldType.Timestamp => "2025-03-01 16:00:00.123456",
            FieldType.Int or FieldType.Long => "2025",
            _ => TextOf(field?.Name ?? column),
        };
    }

    private static string TextOf(string field) => field switch
    {
        "summary" => "拨付2025年第一季度义务教育阶段学校公用经费",
        "payeeName" => "某某区第一实验小学",
        "payeeBank" => "某某银行股份有限公司某某支行",
        "payeeAccount" => "6222020200112233445",
        "mofDivCode" => "330106000",
        _ => "A7C1E2D4-0B8F-4C55",
    };
}
