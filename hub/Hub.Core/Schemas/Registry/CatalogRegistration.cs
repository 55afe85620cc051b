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
        foreach (var versions in catalog.Versions.GroupBy(schema => schema.Subject, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
            foreach (var schema in versions.OrderBy(schema => schema.Version))
                if (await IdOfAsync(schema, cancellationToken) is { } id)
                    ids.Add(schema.Id, id);
                else
                    // What follows a version that is refused would be compared with the wrong one.
                    break;
        return findings.Count > 0 ? throw new HubException([.. findings]) : catalog.WithIds(ids);
    }

    private async Task<int?> IdOfAsync(SubjectSchema schema, CancellationToken cancellationToken)
    {
        var subject = SubjectNames.OfValues(schema.Subject);
        var text = new SchemaText(schema.Json);
        if (await client.LookUpAsync(subject, text, cancellationToken) is { } found)
            return found.Id;
        if (!register)
        {
            findings.Add(new(
                Codes.SchemaNotRegistered, Severity.Error, $"{schema.Subject} {schema.Version}", $"{client.Address} does not hold this version under {subject}.",
                "Run 'hub schemas register', or set registry.register: true."));
            return null;
        }

        try
        {
            return await client.RegisterAsync(subject, text, cancellationToken);
        }
        catch (HubException failure) when (failure.Findings[0].Code == Codes.SchemaIncompatible)
        {
            findings.AddRange(await new RegistryComparison(client).CheckAsync([schema], cancellationToken) is { Count: > 0 } named ? named : failure.Findings);
            return null;
        }
    }
}
