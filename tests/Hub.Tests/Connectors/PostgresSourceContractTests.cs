using Hub.Connectors.Postgres;
using Hub.Core.Sources;
using Hub.Tests.Contracts;
using Hub.Tests.Fixtures;

namespace Hub.Tests.Connectors;

public sealed class PostgresSourceContractTests(PostgresFixture postgres) : SourceContract
{
    protected override async Task<IUpstream> OpenAsync()
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing", Cancel);
        return new Upstream(database);
    }

    private sealed class Upstream(TestDatabase database) : IUpstream
    {
        public ISource CreateSource() => new PostgresSource(PostgresSourceTests.Options(database, "thing"), TimeProvider.System);

        public Task PutAsync(string id, string name)
            => database.ExecuteAsync($"INSERT INTO thing VALUES ('{id}', '{name}') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name", Cancel);

        public Task DeleteAsync(string id) => database.ExecuteAsync($"DELETE FROM thing WHERE id = '{id}'", Cancel);

        public ValueTask DisposeAsync() => database.DisposeAsync();
    }
}
