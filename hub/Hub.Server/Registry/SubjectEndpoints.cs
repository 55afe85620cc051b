using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>Subjects and their versions.</summary>
internal static class SubjectEndpoints
{
    private const string Versions = "/subjects/{subject}/versions", Version = Versions + "/{version}";

    public static void MapSubjects(this IEndpointRouteBuilder registry)
    {
        registry.MapGet("/subjects", ListSubjects);
        registry.MapPost("/subjects/{subject}", LookUpAsync);
        registry.MapDelete("/subjects/{subject}", DeleteSubjectAsync);
        registry.MapGet(Versions, ListVersions);
        registry.MapPost(Versions, RegisterAsync);
        registry.MapGet(Version, (HttpRequest request, SchemaRegistry held, string version) => Find(request, held, version).ToAnswer());
        registry.MapGet(Version + "/schema", object (HttpRequest request, SchemaRegistry held, string version) => Find(request, held, version).Schema);
        registry.MapGet(Version + "/referencedby", (HttpRequest request, SchemaRegistry held, string version)
            => Deletions.ReferencedBy(held.State, VersionNumber.Of(version).In(request.Subject(), held.State.VersionsOf(request.Subject(), deleted: true))));
        registry.MapDelete(Version, DeleteVersionAsync);
    }

    private static string[] ListSubjects(HttpRequest request, SchemaRegistry held)
    {
        var prefix = request.SubjectPrefix();
        return request.Page(held.State.All.GroupBy(version => version.Subject, StringComparer.Ordinal)
            .Where(subject => subject.Key.StartsWith(prefix, StringComparison.Ordinal) && IsListed(request, subject))
            .Select(subject => subject.Key));
    }

    /// <summary>A subject is deleted when all of its versions are.</summary>
    private static bool IsListed(HttpRequest request, IEnumerable<StoredVersion> versions)
        => request.Flag("deletedOnly") ? versions.All(version => version.IsDeleted) : request.Flag("deleted") || versions.Any(version => !version.IsDeleted);

    private static int[] ListVersions(HttpRequest request, SchemaRegistry held)
    {
        var subject = request.Subject();
        var versions = held.State.VersionsOf(subject, request.Flag("deleted") || request.Flag("deletedOnly"));
        if (versions.Count == 0)
            throw RegistryFault.SubjectNotFound(subject);
        return request.Page(versions.Where(version => version.IsDeleted || !request.Flag("deletedOnly")).Select(version => version.Version));
    }

    private static StoredVersion Find(HttpRequest request, SchemaRegistry held, string version)
        => VersionNumber.Of(version).In(request.Subject(), held.State.VersionsOf(request.Subject(), request.Flag("deleted")));

    private static async Task<RegisteredSchema> LookUpAsync(HttpRequest request, SchemaRegistry held)
    {
        var (subject, state, deleted) = (request.Subject(), held.State, request.Flag("deleted"));
        var given = await request.ReadAsync<SchemaText>();
        if (state.VersionsOf(subject, deleted).Count == 0)
            throw RegistryFault.SubjectNotFound(subject);
        var schema = ParsedSchema.Of(given, state, request.Flag("normalize"));
        return (Registrations.Find(state, subject, schema, deleted) ?? throw RegistryFault.SchemaNotFound(null)).ToAnswer();
    }

    private static async Task<SchemaId> RegisterAsync(HttpRequest request, SchemaRegistry held)
    {
        var (subject, normalize) = (request.Subject(), request.Flag("normalize"));
        var given = await request.ReadAsync<RegistrationText>();
        return new(await held.ChangeAsync((state, writer) => Registrations.Register(state, writer, subject, given, normalize), request.HttpContext.RequestAborted));
    }

    private static Task<int[]> DeleteSubjectAsync(HttpRequest request, SchemaRegistry held)
    {
        var (subject, permanent) = (request.Subject(), request.Flag("permanent"));
        return held.ChangeAsync((state, writer) => Deletions.DeleteSubject(state, writer, subject, permanent), request.HttpContext.RequestAborted);
    }

    private static Task<int> DeleteVersionAsync(HttpRequest request, SchemaRegistry held, string version)
    {
        var (subject, permanent) = (request.Subject(), request.Flag("permanent"));
        return held.ChangeAsync((state, writer) => Deletions.DeleteVersion(state, writer, subject, version, permanent), request.HttpContext.RequestAborted);
    }
}
