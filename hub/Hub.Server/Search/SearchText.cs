using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Hub.Server.Search;

/// <summary>What the OpenAPI document says about the query string of a search, which no method signature can tell.</summary>
internal static class SearchText
{
    public const string Description =
        """
        Finds records of one, several or all subjects. Any field of the catalogue that has a search role is a parameter:

        - `field=value` keeps records that have the value; repeated, any of the values: `fiscalYear=2025&fiscalYear=2024`. `subject`, `source` and `id` (`source:key`) are fields of every record.
        - `field.gt`, `field.gte`, `field.lt`, `field.lte` bound a number, amount (元), date (`2025-03-01`) or moment (`2025-03-01T08:00:00Z`).
        - `field.exists=true|false` keeps records with or without a value.

        In the answer, decimals are strings such as `"1234.50"`, because a JSON number loses cents in JavaScript; dates and moments are ISO 8601 (UTC).
        A code has its name beside it: `fundTypeCode` and `fundTypeCodeName`. Personal fields are masked and cannot be searched.
        A parameter or field that is not known is refused, never ignored.

        Every answer says by `asOf` how fresh it is. `minFreshness=30s` makes it wait a little until each source that is asked is complete as of 30 seconds ago;
        `waitFor=<receipt>` until all is searchable that was in the log when the receipt was given. When that takes too long, the answer is 503 with `HUB5020` or `HUB5021`,
        names what is late, and says by `Retry-After` when to ask again.
        """;

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters =
        [
            Query("q", JsonSchemaType.String, "学校 \"食堂改造\" -装修", "Words that must all occur; \"…\" is a phrase; -word must not occur. Empty: all records. Chinese without spaces is one word, all of which must occur; spaces let its parts stand apart: 居民 医疗保险. Words that mean the same are found too (卫健局: 卫生健康局), unless in quotes; 的 and the like need not occur."),
            Query("subject", JsonSchemaType.String, "finance.paymentDetail", "One or several subjects, repeated or separated by commas. Without it: all but Hub's own (hub.…)."),
            Query("sort", JsonSchemaType.String, "-payAmount", "A field to sort by, with - in front for the largest first. Without it: by relevance."),
            Query("facet", JsonSchemaType.String, "agencyCode,fundTypeCode", "Keyword, number and flag fields to count by, separated by commas; subject and source as well."),
            Query("facetSize", JsonSchemaType.Integer, 20, "Values per facet, 1 to 1000."),
            Query("highlight", JsonSchemaType.Boolean, true, "Whether to mark what matched."),
            Query("size", JsonSchemaType.Integer, 20, "Hits per page, 0 to 1000."),
            Query("cursor", JsonSchemaType.String, null, "nextCursor of the page before, with an otherwise equal query."),
            Query("explain", JsonSchemaType.Boolean, false, "For operators: whether to say how the words were understood, what the engine was asked, and how each hit's score came to be. With a size of 100 at most."),
            Query("minFreshness", JsonSchemaType.String, "30s", FreshnessDemand.MinFreshnessText),
            Query("waitFor", JsonSchemaType.String, null, FreshnessDemand.WaitForText),
            Query("wait", JsonSchemaType.String, "20s", FreshnessDemand.WaitText),
            new OpenApiParameter
            {
                Name = "filters",
                In = ParameterLocation.Query,
                Description = "Any searchable field, each as a parameter of its own: field=value, field.gte=value, field.exists=true.",
                Style = ParameterStyle.Form,
                Explode = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String } },
                Example = new JsonObject { ["fiscalYear"] = "2025", ["payAmount.gte"] = "100000" },
            },
        ];
        return Task.CompletedTask;
    }

    private static OpenApiParameter Query(string name, JsonSchemaType type, JsonNode? example, string description) => new()
    {
        Name = name,
        In = ParameterLocation.Query,
        Description = description,
        Schema = new OpenApiSchema { Type = type },
        Example = example,
    };
}
