using System.Text;
using Hub.Core.Schemas;

namespace Hub.Tests.Server;

/// <summary>A small finance domain in a temporary folder, and records of it.</summary>
internal static class TestSchemas
{
    private const string Text = "\"string\"", Decimal = """{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}""";

    /// <summary>Writes the schemas and code lists and returns their folder.</summary>
    public static string WriteFolder()
    {
        var folder = Directory.CreateTempSubdirectory("hub-schemas-").FullName;
        Write(folder, 1, "finance", "Agency", "单位 Agency", Field("name", Text, "text", "\"hub.title\": true"));
        Write(folder, 2, "finance", "Project", "项目 Project", Field("name", Text, "text", "\"hub.title\": true"), Link("agencyId", "finance.agency"));
        Write(
            folder, 3, "finance", "Indicator", "预算指标 Indicator", Field("name", Text, "text", "\"hub.title\": true"),
            Link("projectId", "finance.project"), Link("agencyId", "finance.agency"), Link("originalId", "finance.indicator"));
        Write(folder, 4, "finance", "PaymentVoucher", "支付凭证 Voucher", Field("name", Text, "text", "\"hub.title\": true"), Link("agencyId", "finance.agency"));
        Write(
            folder, 5, "finance", "PaymentApplication", "支付申请 Application", Field("name", Text, "text", "\"hub.title\": true"),
            Link("indicatorId", "finance.indicator"), Link("voucherId", "finance.paymentVoucher"));
        Write(
            folder, 6, "finance", "PaymentDetail", "支付明细 Payment detail",
            Field("mofDivCode", Text, "keyword"), Field("fiscalYear", "\"int\"", "number"),
            Link("applicationId", "finance.paymentApplication"), Link("voucherId", "finance.paymentVoucher"),
            Field("fundTypeCode", Text, "keyword", "\"hub.codes\": \"fund-type\""),
            Field("payAmount", Decimal, "amount"), Field("paidDate", """{"type":"int","logicalType":"date"}""", "date"),
            Field("isUrgent", "\"boolean\"", "flag"), Field("serial", "\"long\"", "number"),
            Field("summary", Text, "text", "\"hub.title\": true"), Field("payeeName", Text, "text", "\"hub.mask\": \"name\", \"hub.level\": 3"),
            Field("payeeAccount", Text, "keyword", "\"hub.mask\": \"account\", \"hub.level\": 4"), Field("payeeBank", Text, null),
            Field("updatedAt", """{"type":"long","logicalType":"timestamp-micros"}""", "time"));
        Write(
            folder, 7, "hub", "DeadLetter", "死信 A record Hub refused", Field("source", Text, "keyword"), Field("state", Text, "keyword"),
            Field("detail", Text, "text", "\"hub.title\": true"), Field("record", Text, null), Field("recordedAt", """{"type":"long","logicalType":"timestamp-micros"}""", "time"));
        Directory.CreateDirectory(Path.Combine(folder, "codes"));
        File.WriteAllText(
            Path.Combine(folder, "codes", "fund-type.csv"),
            "region,year_from,year_to,code,name,parent\n,2018,2022,11,一般公共预算,\n,2023,,11,一般公共预算资金,\n320206,2023,,11,一般公共预算资金（惠山）,\n,2023,,12,政府性基金,\n");
        return folder;
    }

    /// <summary>A record in the wire format; fields that are not given are null, or 0 or empty where they cannot be.</summary>
    public static byte[] Record(SubjectSchema schema, params (string Name, object Value)[] values)
    {
        var writer = new AvroWriter();
        writer.BeginRecord(schema.Id);
        foreach (var field in schema.Fields)
        {
            var value = values.FirstOrDefault(pair => pair.Name == field.Name).Value;
            writer.WriteBranch(field, value is null);
            switch (value)
            {
                case null when field.Nullable: break;
                case null when field.Type == FieldType.Decimal: writer.WriteDecimal(0); break;
                case null: writer.WriteLong(0); break;
                case string text: writer.WriteBytes(Encoding.UTF8.GetBytes(text)); break;
                case bool flag: writer.WriteBoolean(flag); break;
                case Int128 unscaled: writer.WriteDecimal(unscaled); break;
                default: writer.WriteLong(Convert.ToInt64(value)); break;
            }
        }

        return writer.Written.ToArray();
    }

    private static string Field(string name, string type, string? search, string more = "")
        => $$"""{ "name": "{{name}}", "type": ["null", {{type}}], "default": null, "doc": "字段 {{name}}"{{(search is null ? "" : $", \"hub.search\": \"{search}\"")}}{{(more.Length > 0 ? ", " + more : "")}} }""";

    private static string Link(string name, string subject) => Field(name, Text, "keyword", $"\"hub.link\": \"{subject}\"");

    private static void Write(string folder, int id, string domain, string name, string doc, params string[] fields)
    {
        var path = Directory.CreateDirectory(Path.Combine(folder, domain, name.ToLowerInvariant())).FullName;
        var scope = name == "PaymentDetail" ? "\"hub.region\": \"mofDivCode\", \"hub.year\": \"fiscalYear\"," : "";
        File.WriteAllText(
            Path.Combine(path, "1.avsc"),
            $$"""{ "type": "record", "namespace": "{{domain}}", "name": "{{name}}", "doc": "{{doc}}", "hub.id": {{id}}, {{scope}} "fields": [{{string.Join(",", fields)}}] }""");
    }
}
