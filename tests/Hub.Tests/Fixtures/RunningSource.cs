using Hub.Connectors.Postgres;
using Hub.Core.Mapping;

namespace Hub.Tests.Fixtures;

/// <summary>The settings of a source that reads one table of things, <c>id</c> and <c>name</c>.</summary>
public sealed record ThingSource(string Connection, string Slot, string Publication = "hub", string Table = "public.thing", string Key = "id");

/// <summary>A PostgreSQL source in its runner.</summary>
public sealed class RunningSource : SourceRun
{
    public PostgresSourceOptions Options(ThingSource source) => PostgresSourceOptions.From(Define(source)) with { Heartbeat = TimeSpan.FromMilliseconds(50) };

    public Task StartAsync(ThingSource source, CancellationToken cancellationToken)
        => StartAsync(Define(source), new PostgresSource(Options(source), TimeProvider.System), cancellationToken);

    private SourceDefinition Define(ThingSource source)
        => Things.Define(Folder, Catalog, source.Connection, source.Publication, source.Slot, source.Table, source.Key);
}
