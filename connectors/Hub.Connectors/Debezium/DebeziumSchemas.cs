using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;

namespace Hub.Connectors.Debezium;

/// <summary>The schemas of the registry that a definition names, for records in Avro.</summary>
public sealed class DebeziumSchemas(DebeziumSourceOptions options, ISchemaSource registry)
{
    /// <summary>How the registry is reached.</summary>
    public static RegistryOptions RegistryOf(DebeziumSourceOptions options)
        => new() { Url = options.Registry!.ToString(), User = options.RegistryUser ?? "", Password = options.RegistryPassword ?? "" };

    /// <exception cref="HubException">The registry does not answer (transient), or does not have the schema.</exception>
    public async ValueTask<string> ReadAsync(int id, CancellationToken cancellationToken)
        => (await registry.FindAsync(id, cancellationToken))?.Schema ?? throw DebeziumFailures.SchemaUnknown(options.Place, options.Registry!, id);
}
