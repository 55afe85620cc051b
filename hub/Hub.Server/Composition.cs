using System.Net;
using Hub.Connectors.Postgres;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Index.Lucene;
using Hub.Log.Sqlite;
using Hub.Server.Hosting;
using Hub.Server.Ops;
using Hub.Server.Search;
using Microsoft.AspNetCore.HostFiltering;

namespace Hub.Server;

/// <summary>Puts the parts of one Hub together.</summary>
public static class Composition
{
    /// <summary>The consumer group that writes the index.</summary>
    public const string IndexGroup = "index";

    /// <summary>
    /// The web application over the given parts. <paramref name="addParts"/> registers <see cref="ILog"/>, <see cref="IIndex"/> and
    /// <see cref="SchemaCatalog"/>, and the background services that move records; it may replace <see cref="TimeProvider"/>.
    /// </summary>
    /// <exception cref="HubException">The address can be reached from other machines.</exception>
    public static WebApplication Build(HubOptions options, Action<IServiceCollection> addParts, Action<ILoggingBuilder>? configureLogging = null)
    {
        if (HubOptions.CheckAddress(options.Address, "address") is { } finding)
            throw new HubException(finding);

        // Empty: neither appsettings.json of the working folder nor ASPNETCORE_ variables may change what Hub listens on.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Hub.Server" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options.Address));
        configureLogging?.Invoke(builder.Logging);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        AddApi(builder.Services);
        addParts(builder.Services);

        var app = builder.Build();
        FillState(app.Services);
        Map(app);
        return app;
    }

    /// <summary>What <c>hub doctor</c> asks each source; each connects, looks and says what it found.</summary>
    public static IReadOnlyList<Func<CancellationToken, Task<IReadOnlyList<Finding>>>> Doctors(HubOptions options, SchemaCatalog catalog)
        => [.. SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog).Select<SourceDefinition, Func<CancellationToken, Task<IReadOnlyList<Finding>>>>(
            definition => cancellationToken => PostgresDoctor.ExamineAsync(PostgresSourceOptions.From(definition), cancellationToken))];

    /// <summary>What <c>hub validate</c> finds wrong in the source definitions, without connecting to anything.</summary>
    public static IReadOnlyList<Finding> CheckSources(HubOptions options, SchemaCatalog catalog)
    {
        try
        {
            _ = SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog);
            return [];
        }
        catch (HubException failure)
        {
            return failure.Findings;
        }
    }

    /// <summary>The parts of a Hub on one machine.</summary>
    public static void AddParts(IServiceCollection services, HubOptions options)
    {
        var catalog = SchemaFolder.Load(options.SchemasFolder);
        var definitions = SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog);
        services.AddSingleton(catalog);
        services.AddSingleton<SqliteLog>(provider => new(new() { Path = Path.Combine(options.DataFolder, "log", "log.db"), Time = provider.GetRequiredService<TimeProvider>() }));
        services.AddSingleton<ILog>(provider => provider.GetRequiredService<SqliteLog>());
        services.AddSingleton<IIndex>(provider => new LuceneIndex(new() { Folder = Path.Combine(options.DataFolder, "index") }, catalog));
        services.AddSingleton<DeadLetterBook>();
        services.AddSingleton<Freshness>();
        services.AddSingleton(new IndexSinkOptions
        {
            Group = IndexGroup,
            Partitions = options.LogPartitions,
            MaxBatchBytes = options.BatchBytes,
            RefreshInterval = options.RefreshInterval,
            CommitInterval = options.CommitInterval,
        });
        services.AddSingleton<IndexSink>();
        services.AddSingleton(provider => new LeftRecords(provider.GetRequiredService<IIndex>(), definitions, provider.GetRequiredService<TimeProvider>()));
        foreach (var definition in definitions)
            services.AddSingleton(provider => CreateRunner(provider, definition, options));
        services.AddSingleton(provider => new Pipeline(
            provider.GetRequiredService<SqliteLog>(), provider.GetRequiredService<DeadLetterBook>(), provider.GetRequiredService<IndexSink>(),
            [.. provider.GetServices<SourceRunner>()], [.. definitions.SelectMany(definition => definition.Tables, (_, table) => table.Subject).Distinct(StringComparer.Ordinal)],
            provider.GetRequiredService<HubState>(), provider.GetRequiredService<IHostApplicationLifetime>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Pipeline>>()));
        services.AddHostedService(provider => provider.GetRequiredService<Pipeline>());
    }

    // The one place that knows the kinds of sources; a new kind is one line here.
    private static ISource CreateSource(SourceDefinition definition, HubOptions options, TimeProvider time) => definition.Kind switch
    {
        "postgres" => new PostgresSource(PostgresSourceOptions.From(definition) with { MaxBatchBytes = options.BatchBytes }, time),
        _ => throw new HubException(new Finding(Codes.ValueInvalid, Severity.Error, definition.Place, $"there is no kind of source '{definition.Kind}'.", "Use kind: postgres.")),
    };

    private static SourceRunner CreateRunner(IServiceProvider provider, SourceDefinition definition, HubOptions options)
    {
        var (log, deadLetters, freshness) = (provider.GetRequiredService<ILog>(), provider.GetRequiredService<DeadLetterBook>(), provider.GetRequiredService<Freshness>());
        var time = provider.GetRequiredService<TimeProvider>();
        return new(
            CreateSource(definition, options, time), new IngestWriter(definition, provider.GetRequiredService<SchemaCatalog>(), log, deadLetters, freshness),
            log, deadLetters, freshness, new() { Partitions = options.LogPartitions }, time, provider.GetRequiredService<ILogger<SourceRunner>>());
    }

    private static void AddApi(IServiceCollection services)
    {
        services.AddSingleton<HubState>();
        services.AddSingleton<Searcher>();
        services.AddRoutingCore();
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.AddOpenApi("v1", ApiDescription.Configure);
        // A page of another site must not reach Hub by a name that resolves to this machine (DNS rebinding).
        services.AddHostFiltering(hosts =>
        {
            hosts.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"];
            hosts.IncludeFailureMessage = false;
        });
    }

    private static void FillState(IServiceProvider services)
    {
        var state = services.GetRequiredService<HubState>();
        // The log first: its lock keeps a second Hub out of the data folder before that one opens the index and removes files it does not know.
        var log = services.GetRequiredService<ILog>();
        var index = services.GetRequiredService<IIndex>();
        if (services.GetServices<SourceRunner>().ToList() is { Count: > 0 } runners)
            state.Sources = () => [.. runners.Select(runner => runner.Status)];
        if (services.GetService<LeftRecords>() is { } left)
            (state.Findings, state.IsKept) = (left.ReadAsync, left.IsKept);
        state.Counts = index.CountAsync;
        state.Lags = async cancellationToken => [new GroupLag(IndexGroup, await log.ReadLagAsync(IndexGroup, cancellationToken))];
    }

    private static void Map(WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseHostFiltering();
        app.UseRouting();
        var api = app.MapGroup("/api/v1");
        api.MapSearch();
        api.MapCatalog();
        api.MapStatus();
        app.MapHealth();
        app.MapOpenApi();
        app.MapPages();
    }

    private static void Listen(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel, Uri address)
    {
        kestrel.AddServerHeader = false;
        // A Chinese letter of 'q' takes nine or twelve bytes; the server's own limit would refuse what 'q' may hold, without a word.
        kestrel.Limits.MaxRequestLineSize = 64 * 1024;
        if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
            kestrel.Listen(ip, address.Port);
        else
            kestrel.ListenLocalhost(address.Port);
    }
}
