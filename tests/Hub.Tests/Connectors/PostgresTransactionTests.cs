using Hub.Connectors.Postgres;
using Hub.Core.Records;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>What a batch has of a transaction.</summary>
public sealed class PostgresTransactionTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_transaction_that_fits_into_a_batch_is_given_whole()
    {
        const int Rows = 40;
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing", Cancel);
        await database.ExecuteAsync($"INSERT INTO thing SELECT n::text, '0' FROM generate_series(1, {Rows}) n", Cancel);
        var tape = new SourceTape(new PostgresSource(PostgresSourceTests.Options(database, "thing"), TimeProvider.System));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);

        var reading = tape.ReadUntilAsync(read => read.State["1"] == "100", Cancel);
        for (var i = 1; i <= 100; i++)
            await database.ExecuteAsync($"UPDATE thing SET name = '{i}'", Cancel);
        await reading;
        var updatesUpTo = tape.ChangesAt.Select(end => tape.Changes.Take(end).Count(change => change.Operation == Operation.Update));
        Assert.All(updatesUpTo, updates => Assert.Equal(0, updates % Rows));
    }
}
