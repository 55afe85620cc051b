using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;

namespace Hub.Core.Schemas.Registry;

/// <summary>
/// A client of a Confluent-compatible schema registry. What is not there is null or empty; everything else that fails is a
/// <see cref="HubException"/>, transient when trying again may help. It does not try again itself. For concurrent use.
/// </summary>
public sealed class RegistryClient : ISchemaSource
{
    private const int MostCached = 10_000;

    private readonly RegistryConnection connection;
    private readonly SchemaIdCache cache;

    /// <param name="options">Must name an address.</param>
    public RegistryClient(HttpClient http, RegistryOptions options)
    {
        connection = new(http, options);
        cache = new(MostCached, id => GetAsync<SchemaText>($"schemas/ids/{Number(id)}", CancellationToken.None));
        Address = options.Addresses[0];
    }

    /// <summary>The first base address, for findings.</summary>
    public Uri Address { get; }

    /// <summary>The id of the schema under the subject, which has it as a version from then on, if it had not before.</summary>
    /// <exception cref="HubException"><see cref="Codes.SchemaIncompatible"/>: it does not fit the earlier versions.</exception>
    public async Task<int> RegisterAsync(string subject, SchemaText schema, CancellationToken cancellationToken)
        => (await SendAsync<SchemaId>(HttpMethod.Post, $"{Path(subject)}/versions", schema, cancellationToken)).Id;

    /// <summary>The version of the subject that is this schema, or null.</summary>
    public Task<RegisteredSchema?> LookUpAsync(string subject, SchemaText schema, CancellationToken cancellationToken)
        => connection.SendAsync<RegisteredSchema>(HttpMethod.Post, Path(subject), schema, cancellationToken);

    /// <summary>The schema that has the id, or null. Asked for once; a deleted one too, so that what it wrote stays readable.</summary>
    public Task<SchemaText?> FindAsync(int id, CancellationToken cancellationToken) => cache.FindAsync(id, cancellationToken);

    /// <summary>A version of the subject, or null; a deleted one too, since others that use it stay readable.</summary>
    public Task<RegisteredSchema?> FindAsync(string subject, int version, CancellationToken cancellationToken)
        => GetAsync<RegisteredSchema>($"{Path(subject)}/versions/{Number(version)}?deleted=true", cancellationToken);

    /// <summary>The latest version of the subject, or null.</summary>
    public Task<RegisteredSchema?> FindLatestAsync(string subject, CancellationToken cancellationToken)
        => GetAsync<RegisteredSchema>($"{Path(subject)}/versions/latest", cancellationToken);

    public async Task<IReadOnlyList<string>> ReadSubjectsAsync(CancellationToken cancellationToken)
        => await GetAsync<string[]>("subjects", cancellationToken) ?? [];

    /// <summary>The version numbers of the subject, which are none when there is no such subject.</summary>
    /// <param name="deleted">Whether those that were deleted, but not for good, count too.</param>
    public async Task<IReadOnlyList<int>> ReadVersionsAsync(string subject, bool deleted, CancellationToken cancellationToken)
        => await GetAsync<int[]>($"{Path(subject)}/versions{(deleted ? "?deleted=true" : "")}", cancellationToken) ?? [];

    /// <summary>Whether the schema fits one version, or, without one, all that the subject's level asks for; a new subject takes any.</summary>
    public async Task<CompatibilityAnswer> TestAsync(string subject, int? version, SchemaText schema, CancellationToken cancellationToken)
        => await connection.SendAsync<CompatibilityAnswer>(
            HttpMethod.Post, $"compatibility/{Path(subject)}/versions{(version is { } number ? $"/{Number(number)}" : "")}?verbose=true", schema, cancellationToken)
            ?? new CompatibilityAnswer(true, []);

    /// <summary>The level of the subject, which is the general one when it has none of its own.</summary>
    /// <param name="subject">Null: the general level.</param>
    public async Task<CompatibilityLevel> ReadLevelAsync(string? subject, CancellationToken cancellationToken)
    {
        var answer = await GetAsync<LevelAnswer>(Config(subject), cancellationToken);
        if (answer is null && subject is not null)
            answer = await GetAsync<LevelAnswer>(Config(null), cancellationToken);
        return CompatibilityLevels.Of(answer?.CompatibilityLevel ?? "") ?? throw RegistryFailure.Garbled(Address, null);
    }

    public Task SetLevelAsync(string? subject, CompatibilityLevel level, CancellationToken cancellationToken)
        => SendAsync<LevelChange>(HttpMethod.Put, Config(subject), new LevelChange(CompatibilityLevels.NameOf(level)), cancellationToken);

    /// <summary>Takes a level back: of a subject, so that the general one holds; or the general one, which is then the registry's own.</summary>
    public Task ResetLevelAsync(string? subject, CancellationToken cancellationToken)
        => connection.SendAsync<LevelAnswer>(HttpMethod.Delete, Config(subject), null, cancellationToken);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, object body, CancellationToken cancellationToken) where T : class
        => await connection.SendAsync<T>(method, path, body, cancellationToken) ?? throw RegistryFailure.Garbled(Address, null);

    private Task<T?> GetAsync<T>(string path, CancellationToken cancellationToken) => connection.SendAsync<T>(HttpMethod.Get, path, null, cancellationToken);

    private static string Path(string subject) => $"subjects/{Uri.EscapeDataString(subject)}";

    private static string Config(string? subject) => subject is null ? "config" : $"config/{Uri.EscapeDataString(subject)}";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
