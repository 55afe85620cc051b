using Hub.Connectors.Postgres;
using Hub.Core.Records;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Keys whose type has a length: as text and back they must stay the same key.</summary>
public sealed class PostgresKeyTypeTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("char(6)", "lpad(n::text, 4, 'k')")]
    [InlineData("bit(8)", "n::bit(8)")]
    [InlineData("numeric(10,2)", "n + 0.25")]
    public async Task A_full_read_in_steps_and_a_row_read_again_find_a_key_with_a_length(string type, string key)
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync(
            $"CREATE TABLE thing (id {type} PRIMARY KEY, name text, body text); ALTER TABLE thing ALTER body SET STORAGE EXTERNAL; CREATE PUBLICATION hub FOR TABLE thing; "
            + $"INSERT INTO thing SELECT {key}, 'old', repeat('x', 20000) FROM generate_series(1, 7) n", Cancel);
        var tape = new SourceTape(new PostgresSource(PostgresSourceTests.Options(database, "thing") with { ChunkRows = 2 }, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null || read.Changes.Count > 20, Cancel);
        Assert.Equal(7, tape.Changes.Count(change => change.Operation == Operation.Snapshot));

        await database.ExecuteAsync("UPDATE thing SET name = 'new'", Cancel);
        await tape.ReadUntilAsync(read => read.Changes.Count(change => change.Operation is Operation.Update or Operation.Delete) == 7, Cancel);
        Assert.Equal(7, tape.State.Count(pair => pair.Value == "new"));
        Assert.All(tape.Changes.Where(change => change.Operation == Operation.Update), change => Assert.Equal(20000, change.Values["body"]!.Length));
    }
}
