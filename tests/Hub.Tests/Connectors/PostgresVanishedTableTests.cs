using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>Tables that stop sending while Hub streams.</summary>
public sealed class PostgresVanishedTableTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("DROP TABLE thing", Codes.TableMissing)]
    [InlineData("ALTER PUBLICATION hub DROP TABLE thing", Codes.TableNotPublished)]
    [InlineData("DROP PUBLICATION hub", Codes.NoPublication)]
    public async Task A_table_that_sends_nothing_any_more_stops_the_source_although_nothing_arrives(string statement, string code)
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync("CREATE TABLE thing (id text PRIMARY KEY, name text); CREATE PUBLICATION hub FOR TABLE thing", Cancel);
        var options = PostgresSourceTests.Options(database, "thing") with { LookInterval = TimeSpan.FromMilliseconds(200) };
        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        var reading = tape.ReadUntilAsync(_ => false, Cancel);
        await database.ExecuteAsync(statement, Cancel);
        var failure = await Assert.ThrowsAsync<HubException>(() => reading);
        Assert.False(failure.IsTransient);
        Assert.Equal(code, failure.Findings[0].Code);
    }

    [Fact]
    public async Task The_doctor_warns_of_what_a_partitioned_table_does_not_tell_and_its_rows_are_read()
    {
        await using var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync(
            "CREATE TABLE thing (id text PRIMARY KEY, name text) PARTITION BY HASH (id); CREATE TABLE thing_0 PARTITION OF thing FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
            + "CREATE TABLE thing_1 PARTITION OF thing FOR VALUES WITH (MODULUS 2, REMAINDER 1); CREATE PUBLICATION hub FOR TABLE thing WITH (publish_via_partition_root = true)", Cancel);
        await database.ExecuteAsync("INSERT INTO thing SELECT n::text, 'x' FROM generate_series(1, 20) n", Cancel);
        var options = PostgresSourceTests.Options(database, "thing");
        var findings = await PostgresDoctor.ExamineAsync(options, Cancel);
        Assert.Contains(findings, finding => finding is { Code: Codes.TablePartitioned, Severity: Severity.Warning });
        Assert.DoesNotContain(findings, finding => finding.Severity == Severity.Error);

        var tape = new SourceTape(new PostgresSource(options, TimeProvider.System));
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        await database.ExecuteAsync("UPDATE thing SET name = 'y'", Cancel);
        await tape.ReadUntilAsync(read => read.State.Values.All(value => value == "y"), Cancel);
        Assert.Equal(20, tape.State.Count);
    }
}
