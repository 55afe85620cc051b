using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>Tests whether a schema may be registered.</summary>
internal static class CompatibilityEndpoints
{
    public static void MapCompatibility(this IEndpointRouteBuilder registry)
    {
        registry.MapPost("/compatibility/subjects/{subject}/versions", (HttpRequest request, SchemaRegistry held) => TestAsync(request, held, null));
        registry.MapPost("/compatibility/subjects/{subject}/versions/{version}", TestAsync);
    }

    private static async Task<CompatibilityAnswer> TestAsync(HttpRequest request, SchemaRegistry held, string? version)
    {
        var (subject, state) = (request.Subject(), held.State);
        var given = await request.ReadAsync<SchemaText>();
        var number = version is null ? default(VersionNumber?) : VersionNumber.Of(version);
        var schema = ParsedSchema.Of(given, state, request.Flag("normalize"));
        schema.CheckDefaults();
        var details = Registrations.Check(state, subject, schema, Earlier(state, subject, number));
        return new(details.Count == 0, request.Flag("verbose") ? details : null);
    }

    /// <summary>What is compared with: one version, or all that the level asks for. A subject without versions takes anything, as "latest" of it does.</summary>
    private static IReadOnlyList<StoredVersion> Earlier(RegistryState state, string subject, VersionNumber? number)
    {
        var versions = state.VersionsOf(subject, deleted: false);
        return number is not { } one ? versions
            : versions.Count == 0 && one.Number is null ? []
            : [one.In(subject, versions)];
    }
}
