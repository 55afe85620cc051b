using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>A client of a registry for a while, for whoever is not a running Hub.</summary>
public sealed class RegistrySession : IDisposable
{
    private readonly ServiceProvider services;

    public RegistrySession(RegistryOptions options)
    {
        var collection = new ServiceCollection();
        collection.AddRegistryClient(options);
        services = collection.BuildServiceProvider();
        Client = services.GetRequiredService<RegistryClient>();
    }

    public RegistryClient Client { get; }

    public void Dispose() => services.Dispose();
}
