using System.Text.Json;
using System.Text.Json.Serialization;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>The mode of the registry, which does not change.</summary>
internal sealed record ModeAnswer(string Mode);

/// <summary>A level that somebody sets, with whatever else the body holds.</summary>
internal sealed record LevelRequest(string? Compatibility)
{
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; init; }
}

/// <summary>Compatibility levels, and the mode.</summary>
internal static class LevelEndpoints
{
    private const string ReadWrite = "READWRITE";

    public static void MapLevels(this IEndpointRouteBuilder registry)
    {
        registry.MapGet("/config", (SchemaRegistry held) => Answer(held.State.GeneralLevel));
        registry.MapPut("/config", (HttpRequest request, SchemaRegistry held) => SetAsync(request, held, null));
        registry.MapDelete("/config", (HttpRequest request, SchemaRegistry held) => ResetAsync(request, held, null));
        registry.MapGet("/config/{subject}", GetOfSubject);
        registry.MapPut("/config/{subject}", (HttpRequest request, SchemaRegistry held) => SetAsync(request, held, request.Subject()));
        registry.MapDelete("/config/{subject}", (HttpRequest request, SchemaRegistry held) => ResetAsync(request, held, request.Subject()));
        registry.MapGet("/mode", () => new ModeAnswer(ReadWrite));
        registry.MapGet("/mode/{subject}", ModeAnswer (HttpRequest request)
            => request.Flag("defaultToGlobal") ? new(ReadWrite) : throw RegistryFault.ModeNotConfigured(request.Subject()));
        registry.MapMethods("/mode/{subject?}", [HttpMethods.Put, HttpMethods.Delete], object () => throw RegistryFault.NotPermitted("The mode of this registry is always READWRITE."));
    }

    private static LevelAnswer GetOfSubject(HttpRequest request, SchemaRegistry held)
    {
        var (subject, state) = (request.Subject(), held.State);
        return Answer(request.Flag("defaultToGlobal") ? state.LevelOf(subject) : state.OwnLevelOf(subject) ?? throw RegistryFault.LevelNotConfigured(subject));
    }

    private static async Task<LevelChange> SetAsync(HttpRequest request, SchemaRegistry held, string? subject)
    {
        var given = await request.ReadAsync<LevelRequest>();
        if (given.Others?.FirstOrDefault(other => other.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)).Key is { } unknown)
            throw RegistryFault.NotPermitted($"This registry keeps a compatibility level and nothing beside it, so '{unknown}' would be forgotten.");
        var level = CompatibilityLevels.Of(given.Compatibility ?? "") ?? throw RegistryFault.InvalidLevel();
        return await held.ChangeAsync(
            (_, writer) =>
            {
                writer.Changes.Add(RegistryChange.SetLevel(subject, level));
                return new LevelChange(CompatibilityLevels.NameOf(level));
            },
            request.HttpContext.RequestAborted);
    }

    /// <summary>Answers the level that held until now.</summary>
    private static Task<LevelAnswer> ResetAsync(HttpRequest request, SchemaRegistry held, string? subject)
        => held.ChangeAsync(
            (state, writer) =>
            {
                var level = subject is null ? state.GeneralLevel : state.OwnLevelOf(subject) ?? throw RegistryFault.SubjectNotFound(subject);
                writer.Changes.Add(RegistryChange.SetLevel(subject, null));
                return Answer(level);
            },
            request.HttpContext.RequestAborted);

    private static LevelAnswer Answer(CompatibilityLevel level) => new(CompatibilityLevels.NameOf(level));
}
