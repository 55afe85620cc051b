using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>A client of a registry for a while, for whoever is not a running Hub.</summary>
public sealed class RegistrySession : IDisposable
{
    private readonly ServiceProvider services;

    /// <param name="patient">Whether to try again for a while before failing; somebody who waits wants to know at once.</param>
    public RegistrySession(RegistryOptions options, bool patient)
    {
        var collection = new ServiceCollection();
        collection.AddRegistryClient(options, patient);
        services = collection.BuildServiceProvider();
        Client = services.GetRequiredService<RegistryClient>();
    }

    public RegistryClient Client { get; }

    public void Dispose() => services.Dispose();
}
