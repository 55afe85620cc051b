using System.Globalization;
using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>Schemas by id, which find deleted ones too: what they wrote stays readable.</summary>
internal static class SchemaEndpoints
{
    private static readonly string[] Types = ["AVRO"];

    public static void MapSchemas(this IEndpointRouteBuilder registry)
    {
        registry.MapGet("/contexts", () => SubjectContext.Names);
        registry.MapGet("/schemas", List);
        registry.MapGet("/schemas/types", () => Types);
        registry.MapGet("/schemas/ids/{id}", (SchemaRegistry held, string id) => Find(held, id).ToText());
        registry.MapGet("/schemas/ids/{id}/schema", object (SchemaRegistry held, string id) => Find(held, id).Schema);
        registry.MapGet("/schemas/ids/{id}/subjects", string[] (HttpRequest request, SchemaRegistry held, string id)
            => [.. Listed(request, held, id).Select(version => version.Subject).Distinct(StringComparer.Ordinal)]);
        registry.MapGet("/schemas/ids/{id}/versions", SubjectVersion[] (HttpRequest request, SchemaRegistry held, string id)
            => [.. Listed(request, held, id).Select(version => new SubjectVersion(version.Subject, version.Version))]);
    }

    private static RegisteredSchema[] List(HttpRequest request, SchemaRegistry held)
    {
        var prefix = request.SubjectPrefix();
        var versions = held.State.All.Where(version => version.Subject.StartsWith(prefix, StringComparison.Ordinal) && (!version.IsDeleted || request.Flag("deleted")));
        if (request.Flag("latestOnly"))
            versions = versions.GroupBy(version => version.Subject, StringComparer.Ordinal).Select(subject => subject.Last());
        return request.Page(versions.Select(version => version.ToAnswer()));
    }

    private static StoredVersion Find(SchemaRegistry held, string id) => VersionsOf(held, id)[0];

    private static IEnumerable<StoredVersion> Listed(HttpRequest request, SchemaRegistry held, string id)
        => VersionsOf(held, id).Where(version => !version.IsDeleted || request.Flag("deleted"))
            .OrderBy(version => version.Subject, StringComparer.Ordinal).ThenBy(version => version.Version);

    private static IReadOnlyList<StoredVersion> VersionsOf(SchemaRegistry held, string id)
    {
        if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw RegistryFault.Http(StatusCodes.Status404NotFound, "HTTP 404 Not Found");
        return held.State.VersionsOf(number) is { Count: > 0 } versions ? versions : throw RegistryFault.SchemaNotFound(number);
    }
}
