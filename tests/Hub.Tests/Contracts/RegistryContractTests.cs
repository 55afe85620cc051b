using Hub.Core.Schemas.Registry;
using Hub.Log.Sqlite;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>Hub's own registry.</summary>
public sealed class RegistryContractHubTests(RegistryContractHubTests.Server server) : RegistryContract, IClassFixture<RegistryContractHubTests.Server>
{
    private protected override RegistryClient Client => server.Registry.Client;

    private protected override ValueTask<RegistryCaller> OpenAsync() => new(new RegistryCaller(server.Registry.Address));

    public sealed class Server : IAsyncLifetime
    {
        private readonly ScratchFolder folder = new();
        private SqliteLog? log;

        internal RegistryServer Registry { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            log = new(new() { Path = folder.At("log.db") });
            Registry = await RegistryServer.StartAsync(log, Things.LoadCatalog(folder.Path));
            await Registry.WaitUntilPrimaryAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Registry.DisposeAsync();
            await log!.DisposeAsync();
            folder.Dispose();
        }
    }
}

/// <summary>A registry from outside, such as Confluent's: <c>http://user:password@host:8081</c>.</summary>
public sealed class RegistryContractOutsideTests : RegistryContract
{
    private const string Variable = "HUB_TEST_REGISTRY";

    private readonly string? url = Environment.GetEnvironmentVariable(Variable);

    private protected override RegistryClient Client => field ??= new(new HttpClient(), new RegistryOptions { Url = url! });

    private protected override ValueTask<RegistryCaller> OpenAsync()
    {
        if (string.IsNullOrEmpty(url))
            Assert.Skip($"Set {Variable} to the address of a schema registry that may be written to.");
        var info = new Uri(url).UserInfo;
        return new(new RegistryCaller(new RegistryOptions { Url = url }.Addresses[0], info.Length > 0 ? Uri.UnescapeDataString(info) : null));
    }
}
