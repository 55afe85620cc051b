using System.Net;
using Hub.Connectors.Debezium;
using Hub.Connectors.Postgres;
using Hub.Core.DeadLetters;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Index.Elasticsearch;
using Hub.Index.Lucene;
using Hub.Log.Kafka;
using Hub.Log.Sqlite;
using Hub.Server.Hosting;
using Hub.Server.Ops;
using Hub.Server.Registry;
using Hub.Server.Search;
using Microsoft.AspNetCore.HostFiltering;

namespace Hub.Server;

/// <summary>Puts the parts of one Hub together.</summary>
public static class Composition
{
    private static readonly TimeSpan CompactionInterval = TimeSpan.FromMinutes(10);

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
        Map(app, options);
        return app;
    }

    /// <summary>What <c>hub doctor</c> asks the log's cluster, the index's and each source; each connects, looks and says what it found.</summary>
    public static IReadOnlyList<Func<CancellationToken, Task<IReadOnlyList<Finding>>>> Doctors(HubOptions options, SchemaCatalog catalog)
    {
        var doctors = new List<Func<CancellationToken, Task<IReadOnlyList<Finding>>>>();
        if (options.Log == LogKind.Kafka)
            doctors.Add(cancellationToken => KafkaDoctor.ExamineAsync(options.Kafka, TopicsOf(options, catalog), cancellationToken));
        if (options.Index == IndexKind.Elasticsearch)
            doctors.Add(cancellationToken => EngineDoctor.ExamineAsync(options.Elasticsearch, catalog, cancellationToken));
        foreach (var definition in SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog))
            doctors.Add(cancellationToken => ExamineAsync(definition, cancellationToken));
        return doctors;
    }

    /// <summary>The topics that Hub fills, and how many partitions each is set to have.</summary>
    private static Dictionary<string, int> TopicsOf(HubOptions options, SchemaCatalog catalog)
    {
        var topics = SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog).SelectMany(definition => definition.Tables).Select(table => table.Subject)
            .Distinct(StringComparer.Ordinal).ToDictionary(subject => subject, _ => options.LogPartitions, StringComparer.Ordinal);
        topics[DeadLetterBook.Topic] = 1;
        if (!options.Registry.IsExternal)
            topics[SchemaRegistry.Topic] = 1;
        return topics;
    }

    /// <summary>What <c>hub validate</c> finds wrong in the source definitions, without connecting to anything.</summary>
    public static IReadOnlyList<Finding> CheckSources(HubOptions options, SchemaCatalog catalog)
    {
        try
        {
            foreach (var definition in SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog).Where(definition => definition.Kind == "debezium"))
                _ = DebeziumSourceOptions.From(definition);
            return [];
        }
        catch (HubException failure)
        {
            return failure.Findings;
        }
    }

    /// <summary>The schemas that Hub runs with. With a registry outside, their ids are those that it gave, and it has them all when this returns.</summary>
    /// <exception cref="HubException">The schemas are wrong, or the registry refuses them or cannot be reached.</exception>
    public static async Task<SchemaCatalog> LoadCatalogAsync(HubOptions options, CancellationToken cancellationToken)
    {
        var catalog = SchemaFolder.Load(options.SchemasFolder);
        if (!options.Registry.IsExternal)
            return catalog;
        using var session = new RegistrySession(options.Registry, patient: true);
        return await new CatalogRegistration(session.Client, options.Registry.Register).RunAsync(catalog, cancellationToken);
    }

    /// <summary>What <c>hub doctor</c> finds in the registry outside, if there is one: whether it has, or would take, every version.</summary>
    public static async Task<IReadOnlyList<Finding>> ExamineRegistryAsync(HubOptions options, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        if (!options.Registry.IsExternal)
            return [];
        using var session = new RegistrySession(options.Registry, patient: false);
        return await new CatalogRegistration(session.Client, options.Registry.Register).ExamineAsync(catalog, cancellationToken);
    }

    /// <summary>The parts of a Hub on one machine.</summary>
    /// <param name="catalog">Null: the schemas folder, by the ids that stand in it.</param>
    public static void AddParts(IServiceCollection services, HubOptions options, SchemaCatalog? catalog = null)
    {
        catalog ??= SchemaFolder.Load(options.SchemasFolder);
        var definitions = SourceDefinitionReader.LoadFolder(options.ConnectorsFolder, catalog);
        services.AddSingleton(catalog);
        services.AddSingleton(provider => CreateLog(provider, options));
        services.AddSingleton(provider => CreateIndex(provider, options, catalog));
        services.AddSingleton<DeadLetterBook>();
        services.AddSingleton(new IndexSinkOptions
        {
            Group = IndexGroupOf(options),
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
            provider.GetRequiredService<ILog>(), catalog, provider.GetRequiredService<DeadLetterBook>(), provider.GetRequiredService<IndexSink>(),
            [.. provider.GetServices<SourceRunner>()], [.. definitions.SelectMany(definition => definition.Tables, (_, table) => table.Subject).Distinct(StringComparer.Ordinal)],
            cancellationToken => TidyAsync(provider.GetRequiredService<ILog>(), provider.GetRequiredService<TimeProvider>(), cancellationToken),
            provider.GetRequiredService<HubState>(), provider.GetRequiredService<IHostApplicationLifetime>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Pipeline>>()));
        services.AddHostedService(provider => provider.GetRequiredService<Pipeline>());
        if (options.Index == IndexKind.Elasticsearch)
        {
            services.AddSingleton(provider => new IndexRebuilds(
                (ElasticsearchIndex)provider.GetRequiredService<IIndex>(), provider.GetRequiredService<ILog>(), provider.GetRequiredService<IndexSink>(), options,
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<IndexRebuilds>>()));
            services.AddHostedService(provider => provider.GetRequiredService<IndexRebuilds>());
        }

        services.AddSingleton<WriterSchemas>();
        services.AddRegistry(options.Registry);
    }

    /// <summary>
    /// The consumer group that writes the index. An index folder holds everything, so each Hub on a shared log reads it all, in a group of its own.
    /// </summary>
    public static string IndexGroupOf(HubOptions options) => options is { Log: LogKind.Kafka, Index: IndexKind.Lucene } ? $"hub-index-{Environment.MachineName}-{options.Address.Port}" : "index";

    private static ILog CreateLog(IServiceProvider provider, HubOptions options)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        return options.Log == LogKind.Kafka
            ? new KafkaLog(options.Kafka with { Time = time, Logger = provider.GetRequiredService<ILogger<KafkaLog>>() })
            : new SqliteLog(new() { Path = Path.Combine(options.DataFolder, "log", "log.db"), Time = time });
    }

    private static IIndex CreateIndex(IServiceProvider provider, HubOptions options, SchemaCatalog catalog) => options.Index == IndexKind.Elasticsearch
        ? new ElasticsearchIndex(options.Elasticsearch with { Time = provider.GetRequiredService<TimeProvider>() }, catalog)
        : new LuceneIndex(new() { Folder = Path.Combine(options.DataFolder, "index") }, catalog);

    /// <summary>Kafka compacts its topics itself; the file is compacted by Hub.</summary>
    private static async Task TidyAsync(ILog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (log is not SqliteLog file)
            return;
        using var timer = new PeriodicTimer(CompactionInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
            await file.CompactAsync(null, cancellationToken);
    }

    private static Task<IReadOnlyList<Finding>> ExamineAsync(SourceDefinition definition, CancellationToken cancellationToken) => definition.Kind switch
    {
        "debezium" => ExamineAsync(DebeziumSourceOptions.From(definition), cancellationToken),
        _ => PostgresDoctor.ExamineAsync(PostgresSourceOptions.From(definition), cancellationToken),
    };

    // The one place that knows the kinds of sources; a new kind is one line here.
    private static ISource CreateSource(SourceDefinition definition, HubOptions options, TimeProvider time) => definition.Kind switch
    {
        "postgres" => new PostgresSource(PostgresSourceOptions.From(definition) with { MaxBatchBytes = options.BatchBytes }, time),
        "debezium" => CreateDebezium(DebeziumSourceOptions.From(definition) with { MaxBatchBytes = options.BatchBytes }, time),
        _ => throw new HubException(new Finding(
            Codes.ValueInvalid, Severity.Error, definition.Place, $"there is no kind of source '{definition.Kind}'.", "Use kind: postgres or kind: debezium.")),
    };

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(DebeziumSourceOptions options, CancellationToken cancellationToken)
    {
        using var session = options.Registry is null ? null : new RegistrySession(DebeziumSchemas.RegistryOf(options), patient: false);
        return await DebeziumDoctor.ExamineAsync(options, cancellationToken, session is null ? null : new DebeziumSchemas(options, session.Client).ReadAsync);
    }

    private static DebeziumSource CreateDebezium(DebeziumSourceOptions options, TimeProvider time)
        => new(options, time, options.Registry is null ? null : new DebeziumSchemas(options, new RegistrySession(DebeziumSchemas.RegistryOf(options), patient: true).Client).ReadAsync);

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
        services.AddSingleton<Freshness>();
        services.AddSingleton<FreshnessGate>();
        services.AddSingleton<Searcher>();
        services.AddSingleton<SchemaRegistry>();
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
            (state.Findings, state.IsKept) = (async cancellationToken => [.. await left.ReadAsync(cancellationToken), .. (index as ElasticsearchIndex)?.Findings ?? []], left.IsKept);
        state.Counts = index.CountAsync;
        var sink = services.GetService<IndexSink>();
        var freshness = services.GetRequiredService<Freshness>();
        state.Topics = services.GetService<Pipeline>()?.Topics ?? [];
        state.Lags = async cancellationToken =>
        [
            new GroupLag(sink?.Group ?? "index", [.. (await log.ReadLagAsync(sink?.Group ?? "index", cancellationToken)).Select(lag => new PartitionProgress(
                lag.Partition, Math.Min(lag.HighWatermark, freshness.SearchableUpTo(lag.Partition) ?? lag.Committed), lag.Committed, lag.HighWatermark))]),
        ];
    }

    private static void Map(WebApplication app, HubOptions options)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseHostFiltering();
        app.UseRouting();
        var api = app.MapGroup("/api/v1");
        api.MapSearch();
        api.MapCatalog();
        api.MapStatus();
        if (app.Services.GetService<IndexRebuilds>() is not null)
            api.MapIndex();
        // One registry is enough: where there is another, Hub's own would give other ids to the same schemas.
        if (!options.Registry.IsExternal)
            app.MapRegistry();
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
