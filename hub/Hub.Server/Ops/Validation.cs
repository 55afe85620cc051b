using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server.Hosting;

namespace Hub.Server.Ops;

/// <summary>Everything that can be checked without connecting to anything.</summary>
/// <param name="Catalog">Null when the schemas are wrong; what depends on them was then not checked.</param>
public sealed record Validation(SchemaCatalog? Catalog, IReadOnlyList<Finding> Findings)
{
    public static Validation Of(HubOptions options)
    {
        try
        {
            var catalog = SchemaFolder.Load(options.SchemasFolder);
            return new(catalog, Composition.CheckSources(options, catalog));
        }
        catch (HubException failure)
        {
            return new(null, failure.Findings);
        }
    }
}
