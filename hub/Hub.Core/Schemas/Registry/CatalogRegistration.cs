using Hub.Core.Ops;

namespace Hub.Core.Schemas.Registry;

/// <summary>Brings every version of the <c>schemas/</c> folder into a registry, oldest first, and learns the ids that it gave to them.</summary>
/// <param name="register">Whether what is missing is registered; otherwise it is a finding.</param>
public sealed class CatalogRegistration(RegistryClient client, bool register)
{
    private readonly List<Finding> findings = [];

    /// <summary>The catalogue with the registry's ids.</summary>
    /// <exception cref="HubException">Something is missing or refused; all of it is named, with field, rule and what to do.</exception>
    public async Task<SchemaCatalog> RunAsync(SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        findings.Clear();
        var ids = new Dictionary<int, int>();
        foreach (var line in Lines(catalog))
            foreach (var schema in line)
                if (await IdOfAsync(schema, cancellationToken) is { } id)
                    ids.Add(schema.Id, id);
                else
                    // What follows a version that is refused would be compared with the wrong one.
                    break;
        return findings.Count > 0 ? throw new HubException([.. findings]) : catalog.WithIds(ids);
    }

    /// <summary>What <see cref="RunAsync"/> would refuse, without registering anything.</summary>
    public async Task<IReadOnlyList<Finding>> ExamineAsync(SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        findings.Clear();
        foreach (var line in Lines(catalog))
            if (register)
                findings.AddRange(await new RegistryComparison(client).CheckAsync(line, cancellationToken));
            else
                foreach (var schema in line)
                    if (await LookUpAsync(schema, cancellationToken) is null)
                        findings.Add(Missing(schema));
        return [.. findings];
    }

    private async Task<int?> IdOfAsync(SubjectSchema schema, CancellationToken cancellationToken)
    {
        if (await LookUpAsync(schema, cancellationToken) is { } found)
            return found.Id;
        if (!register)
        {
            findings.Add(Missing(schema));
            return null;
        }

        try
        {
            return await client.RegisterAsync(SubjectNames.OfValues(schema.Subject), new(schema.Json), cancellationToken);
        }
        catch (HubException failure) when (failure.Findings[0].Code == Codes.SchemaIncompatible)
        {
            findings.AddRange(await new RegistryComparison(client).CheckAsync([schema], cancellationToken) is { Count: > 0 } named ? named : failure.Findings);
            return null;
        }
    }

    private Task<RegisteredSchema?> LookUpAsync(SubjectSchema schema, CancellationToken cancellationToken)
        => client.LookUpAsync(SubjectNames.OfValues(schema.Subject), new(schema.Json), cancellationToken);

    private Finding Missing(SubjectSchema schema)
        => new(
            Codes.SchemaNotRegistered, Severity.Error, $"{schema.Subject} {schema.Version}", $"{client.Address} does not hold this version under {SubjectNames.OfValues(schema.Subject)}.",
            "Run 'hub schemas register', or set registry.register: true.");

    /// <summary>The versions of each subject, oldest first.</summary>
    private static IEnumerable<SubjectSchema[]> Lines(SchemaCatalog catalog)
        => catalog.Versions.GroupBy(schema => schema.Subject, StringComparer.Ordinal).OrderBy(line => line.Key, StringComparer.Ordinal)
            .Select(line => line.OrderBy(schema => schema.Version).ToArray());
}
