using System.Text.Json.Nodes;
using Hub.Server.Search;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Hub.Server.Hosting;

/// <summary>What the OpenAPI document says beside the operations.</summary>
internal static class ApiDescription
{
    private const string Text =
        """
        Hub 汇集财政一体化、部门、备案等系统的数据，供区人大各应用检索。Hub makes the records of finance, departments and filing systems searchable within seconds.

        Start with `GET /api/v1/search?q=学校&facet=subject`, look up fields in `GET /api/v1/catalog`, follow `links` and `path` of a record from
        a budget down to a single payment. Every refusal is `application/problem+json` with a stable `code` and a `suggestion`.
        Every answer says by `asOf` how fresh each source is.
        """;

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Hub", Version = "v1", Description = Text };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(RecordView))
                DescribeRecord(schema);
            return Task.CompletedTask;
        });
    }

    private static void DescribeRecord(OpenApiSchema schema)
    {
        schema.Type = JsonSchemaType.Object;
        schema.Properties?.Clear();
        schema.Required?.Clear();
        schema.AdditionalProperties = new OpenApiSchema();
        schema.Description =
            "The fields of the record in the order of its schema (see /api/v1/catalog). Decimals are strings, dates and moments ISO 8601; "
            + "a code field has its name beside it in <field>Name; personal fields are masked.";
        schema.Examples =
        [
            new JsonObject
            {
                ["fiscalYear"] = 2025,
                ["fundTypeCode"] = "11",
                ["fundTypeCodeName"] = "一般公共预算资金",
                ["payAmount"] = "1234.50",
                ["payeeAccount"] = "6228********1234",
                ["paidDate"] = "2025-03-01",
            },
        ];
    }
}
