using Hub.Core.Schemas.Registry;
using Polly;

namespace Hub.Server.Registry;

/// <summary>How the registry, or the client of one outside, is put together.</summary>
internal static class RegistryServices
{
    private const string ClientName = "registry";
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    /// <summary>The registry that Hub has its schemas from: the one outside, or its own.</summary>
    public static void AddRegistry(this IServiceCollection services, RegistryOptions options)
    {
        if (options.IsExternal)
        {
            services.AddRegistryClient(options, patient: true);
            services.AddSingleton<ISchemaSource>(provider => provider.GetRequiredService<RegistryClient>());
        }
        else
        {
            services.AddHostedService<RegistryFollower>();
            services.AddSingleton<ISchemaSource>(provider => provider.GetRequiredService<SchemaRegistry>());
        }
    }

    /// <summary>Registers <see cref="RegistryClient"/>: one for as long as Hub runs, whose connections are renewed.</summary>
    /// <param name="patient">Whether it tries again what may pass.</param>
    public static void AddRegistryClient(this IServiceCollection services, RegistryOptions options, bool patient)
    {
        services.AddTransient<RejectionTranslator>();
        var http = services.AddHttpClient(ClientName, client => client.MaxResponseContentBufferSize = MaxAnswerBytes)
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
                // What runs on this machine is not asked through the proxy of the network.
                handler.UseProxy = !options.Addresses.All(address => address.IsLoopback);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddHttpMessageHandler<RejectionTranslator>();
        if (patient)
            http.AddStandardResilienceHandler();
        services.AddSingleton(provider => new RegistryClient(provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName), options));
    }

    /// <summary>What gives up for too many failures or too long a wait is, for the client, a registry that cannot be reached.</summary>
    private sealed class RejectionTranslator : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (ExecutionRejectedException failure)
            {
                throw new HttpRequestException(failure.Message, failure);
            }
        }
    }
}
