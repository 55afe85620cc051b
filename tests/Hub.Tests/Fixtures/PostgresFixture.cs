using Hub.Demo.Finance;
using Hub.Demo.Postgres;
using Hub.Tests.Fixtures;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Hub.Tests.Fixtures;

/// <summary>
/// A real PostgreSQL server for the whole run: the one of HUB_TEST_POSTGRES (an administrator's connection string,
/// wal_level = logical), else a throw-away cluster of the machine's own server binaries. Each test makes a database of its own.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim starting = new(1);
    private PostgresCluster? cluster;
    private string? folder;
    private string? administrator;
    private string? missing;
    private string? finance;

    /// <summary>A new database; the test is skipped when there is no server.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        return await CreateAsync(null, cancellationToken);
    }

    /// <summary>A copy of the demo's finance database, about 1,500 rows; and the connection string that Hub is given to it.</summary>
    public async Task<(TestDatabase Database, string HubConnection)> CreateFinanceAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        if (missing is not null)
            Assert.Skip(missing);
        await starting.WaitAsync(cancellationToken);
        TestDatabase database;
        try
        {
            if (finance is null)
            {
                var template = $"template_{Guid.NewGuid():N}";
                // Unpooled: a database that somebody is connected to cannot be copied.
                var demo = new FinanceDatabase($"{administrator};Pooling=false", new() { Database = template, Scale = 1_500 });
                await demo.CreateAsync(cancellationToken);
                // Some working days, so that every table has rows, and rows that are marked as deleted.
                await using (var activity = await FinanceActivity.OpenAsync(demo.SuperuserConnectionString, new() { Seed = 1 }, TimeProvider.System, cancellationToken))
                    for (var i = 0; i < 100; i++)
                        await activity.CommitAsync(cancellationToken);
                finance = template;
            }

            database = await CreateAsync(finance, cancellationToken);
        }
        finally
        {
            starting.Release();
        }

        return (database, await new FinanceDatabase(administrator!, new() { Database = database.Name }).HubConnectionStringAsync(cancellationToken));
    }

    /// <summary>A finance database of its own with about as many rows.</summary>
    public async Task<(TestDatabase Database, string HubConnection)> CreateFinanceAsync(int scale, CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        if (missing is not null)
            Assert.Skip(missing);
        var name = $"test_{Guid.NewGuid():N}";
        var finance = new FinanceDatabase(administrator!, new() { Database = name, Scale = scale });
        await finance.CreateAsync(cancellationToken);
        return (new(new NpgsqlConnectionStringBuilder(administrator) { Database = name }, administrator!), await finance.HubConnectionStringAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        if (finance is not null)
            await ExecuteAsync($"DROP DATABASE {finance}", CancellationToken.None);
        if (cluster is not null)
            await cluster.DisposeAsync();
        if (folder is not null)
            Directory.Delete(folder, recursive: true);
    }

    private async Task<TestDatabase> CreateAsync(string? template, CancellationToken cancellationToken)
    {
        if (missing is not null)
            Assert.Skip(missing);
        var name = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template}")}", cancellationToken);
        return new(new NpgsqlConnectionStringBuilder(administrator) { Database = name }, administrator!);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(administrator);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await starting.WaitAsync(cancellationToken);
        try
        {
            if (administrator is not null || missing is not null)
                return;
            administrator = Environment.GetEnvironmentVariable("HUB_TEST_POSTGRES");
            if (!string.IsNullOrEmpty(administrator))
                return;
            // Not CreateTempSubdirectory: the server runs as another user when the tests run as root, and must get in.
            folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"hub-test-postgres-{Guid.NewGuid():N}")).FullName;
            cluster = new(
                new()
                {
                    Folder = folder,
                    Fsync = false,
                    Settings = new Dictionary<string, string> { ["max_replication_slots"] = "40", ["max_wal_senders"] = "40", ["max_connections"] = "200" },
                },
                TimeProvider.System);
            await cluster.StartAsync(cancellationToken);
            administrator = cluster.ConnectionString();
        }
        catch (PostgresMissingException failure)
        {
            missing = $"{failure.Message} Or set HUB_TEST_POSTGRES to an administrator's connection string of a server with wal_level = logical.";
        }
        finally
        {
            starting.Release();
        }
    }
}
