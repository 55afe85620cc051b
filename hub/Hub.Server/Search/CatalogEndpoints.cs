using System.ComponentModel;
using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Hub.Server.Search;

[Description("What Hub holds, from its schemas.")]
public sealed record CatalogResponse(IReadOnlyList<SubjectView> Subjects, [property: Description("Code lists; see /api/v1/catalog/codes/{list}.")] IReadOnlyList<string> CodeLists);

public sealed record SubjectView(
    string Subject,
    [property: Description("The Chinese name.")] string Name,
    string Doc,
    int Version,
    [property: Description("Names the Avro schema on the wire; see /api/v1/schemas/{id}.")] int SchemaId,
    [property: Description("The field that holds the 财政区划, by which code lists are chosen.")] string? RegionField,
    [property: Description("The field that holds the fiscal year, by which code lists are chosen.")] string? YearField,
    IReadOnlyList<FieldView> Fields);

public sealed record FieldView(
    string Name,
    string Doc,
    FieldType Type,
    bool Nullable,
    [property: Description("Digits behind the point of a decimal.")] int? Scale,
    [property: Description("none: not by name; text: searched by q; keyword, number, flag: filter and facet; keyword, date, time, amount, number: sort; date, time, amount, number: range. Every record also has subject and source (keywords) and id (filter alone).")]
    SearchRole Search,
    bool IsTitle,
    [property: Description("Data level, 1 (public) to 4 (sensitive personal data).")] int Level,
    [property: Description("How a personal value is masked; none when shown whole. Masked fields cannot be searched.")] MaskRule Mask,
    [property: Description("The subject whose record the value names.")] string? Link,
    [property: Description("The code list that names the value.")] string? CodeList,
    [property: Description("What an enum may hold; empty for the other types.")] IReadOnlyList<string> Symbols);

public sealed record CodesResponse(string List, IReadOnlyList<CodeView> Codes);

public sealed record CodeView(
    string Code,
    string Name,
    string? Parent,
    [property: Description("Prefix of 财政区划 codes; empty for all.")] string Region,
    [property: Description("First year it is valid in; 0 when not limited.")] int YearFrom,
    [property: Description("Last year it is valid in; null while it still is.")] int? YearTo);

/// <summary>The data catalogue, the code lists and the schemas themselves.</summary>
internal static class CatalogEndpoints
{
    public static void MapCatalog(this IEndpointRouteBuilder api)
    {
        api.MapGet("/catalog", Catalog)
            .WithName("catalog").WithTags("Catalogue")
            .WithSummary("Subjects and fields 数据目录")
            .WithDescription("Every subject with its fields: type, search role, data level, masking, links and code lists. Search parameters are named after these fields.");

        api.MapGet("/catalog/codes/{list}", CodesOf)
            .WithName("codes").WithTags("Catalogue")
            .WithSummary("A code list 代码表")
            .WithDescription("The codes of a list. With region and year: those that hold there and then, the longest region first; a code means something for a region and a span of years only.")
            .Produces<Problem>(400, Problem.ContentType)
            .Produces<Problem>(404, Problem.ContentType);

        api.MapGet("/schemas/{id:int}", Schema)
            .WithName("schema").WithTags("Catalogue")
            .WithSummary("An Avro schema")
            .WithDescription("The annotated Avro schema that the wire format names by this id.")
            .Produces(200, contentType: "application/json")
            .Produces<Problem>(404, Problem.ContentType);
    }

    /// <summary>The Chinese half of a doc text, which stands first.</summary>
    public static string ChineseName(string doc)
    {
        var space = doc.IndexOfAny([' ', ',', '，', '.']);
        return space < 0 ? doc : doc[..space];
    }

    private static Ok<CatalogResponse> Catalog(SchemaCatalog catalog)
        => TypedResults.Ok(new CatalogResponse(
            [.. catalog.Subjects.Select(ToView)], [.. catalog.CodeLists.Names.Order(StringComparer.Ordinal)]));

    private static SubjectView ToView(SubjectSchema schema)
        => new(
            schema.Subject, ChineseName(schema.Doc), schema.Doc, schema.Version, schema.Id, schema.Region?.Name, schema.Year?.Name,
            [.. schema.Fields.Select(field => new FieldView(
                field.Name, field.Doc, field.Type, field.Nullable, field.Type == FieldType.Decimal ? field.Scale : null,
                // The name means what every record has of its own.
                FieldScope.Common.Contains(field.Name, StringComparer.Ordinal) ? SearchRole.None : field.Search, field.IsTitle, field.Level, field.Mask, field.Link, field.CodeList, field.Symbols))]);

    private static Ok<CodesResponse> CodesOf(
        string list,
        [Description("财政区划 code, such as 320206000.")] string? region,
        [Description("Fiscal year, such as 2025.")] string? year,
        SchemaCatalog catalog)
    {
        if (!catalog.CodeLists.Contains(list))
            throw NotFound("list", $"there is no code list '{list}'.", Nearest.Suggest(list, [.. catalog.CodeLists.Names], "code lists"));

        var when = 0;
        if (year is not null && (!int.TryParse(year, NumberStyles.None, CultureInfo.InvariantCulture, out when) || when is < 1900 or > 9999))
            throw FieldValues.Wrong("year", $"'{year}' is not a year.", "Write four digits, like 2025.");

        var codes = catalog.CodeLists[list].AsEnumerable();
        if (when > 0)
            codes = codes.Where(code => when >= code.YearFrom && when <= code.YearTo);
        if (region is not null)
            codes = codes.Where(code => region.StartsWith(code.Region, StringComparison.Ordinal))
                .GroupBy(code => (code.Value, when > 0 ? 0 : code.YearFrom))
                .Select(group => group.MaxBy(code => (code.Region.Length, code.YearFrom))!);
        return TypedResults.Ok(new CodesResponse(list, [.. codes.OrderBy(code => code.Value, StringComparer.Ordinal).Select(ToView)]));
    }

    private static CodeView ToView(Code code)
        => new(code.Value, code.Name, code.Parent, code.Region, code.YearFrom, code.YearTo == int.MaxValue ? null : code.YearTo);

    private static ContentHttpResult Schema([Description("The id of the schema.")] int id, SchemaCatalog catalog)
        => catalog.Find(id) is { } schema
            ? TypedResults.Content(schema.Json, "application/json; charset=utf-8")
            : throw NotFound("id", $"there is no schema with the id {id}.", "The ids are in /api/v1/catalog.");

    private static HubException NotFound(string place, string message, string suggestion)
        => new(new Finding(Codes.RecordNotFound, Severity.Error, place, message, suggestion));
}
