namespace Hub.Core.Schemas.Registry;

/// <summary>Where schemas are had from: Hub's own registry, or the one outside.</summary>
public interface ISchemaSource
{
    /// <summary>The schema that has the id, or null; a deleted one too.</summary>
    Task<SchemaText?> FindAsync(int id, CancellationToken cancellationToken);

    /// <summary>A version of a subject, or null; a deleted one too.</summary>
    Task<RegisteredSchema?> FindAsync(string subject, int version, CancellationToken cancellationToken);
}

public static class SchemaSourceExtensions
{
    /// <summary>The texts of the schemas that a schema uses, each after those that it uses itself, and each once. One that is not there is left out.</summary>
    public static async Task<IReadOnlyList<string>> ResolveAsync(this ISchemaSource source, IReadOnlyList<SchemaReference>? references, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        if (references is { Count: > 0 })
            await AddAsync(source, references, texts, [], cancellationToken);
        return texts;
    }

    private static async Task AddAsync(
        ISchemaSource source, IReadOnlyList<SchemaReference> references, List<string> texts, HashSet<(string, int)> seen, CancellationToken cancellationToken)
    {
        foreach (var reference in references)
        {
            if (!seen.Add((reference.Subject, reference.Version)) || await source.FindAsync(reference.Subject, reference.Version, cancellationToken) is not { } found)
                continue;
            await AddAsync(source, found.References ?? [], texts, seen, cancellationToken);
            texts.Add(found.Schema);
        }
    }
}
