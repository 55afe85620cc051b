using System.Text.RegularExpressions;
using Hub.Connectors.Postgres;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>
/// What can be wrong upstream, one by one: the runner's state, the sentence, what to do about it, that doing it helps, and that
/// <c>hub doctor</c> finds the same.
/// </summary>
public sealed partial class PostgresBadInputTests(PostgresFixture postgres)
{
    private const string Thing = "CREATE TABLE thing (id text PRIMARY KEY, name text); INSERT INTO thing VALUES ('a', '1'); ";
    private const string Publication = "CREATE PUBLICATION hub FOR TABLE thing; ";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<TestDatabase> CreateAsync(string sql = Thing + Publication)
    {
        var database = await postgres.CreateDatabaseAsync(Cancel);
        await database.ExecuteAsync(sql, Cancel);
        return database;
    }

    private static ThingSource Source(TestDatabase database) => new(database.ConnectionString, $"hub_{database.Name}");

    [Fact]
    public async Task A_malformed_connection_string_stops_the_source()
    {
        await using var database = await CreateAsync();
        var finding = await RefusedAsync(Source(database) with { Connection = "Host=localhost;Prot=5432" }, Codes.SettingInvalid, doctor: false);
        Assert.Contains("the connection string cannot be read", finding.Message);
        Assert.Contains("prot", finding.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Host=…;Port=5432;Database=…", finding.Suggestion);
        finding = await RefusedAsync(Source(database) with { Connection = "Username=hub" }, Codes.SettingInvalid, doctor: false);
        Assert.Contains("names no Host", finding.Message);
    }

    [Theory]
    [InlineData("127.0.0.1", 1)]
    [InlineData("no-such-host.invalid", 5432)]
    public async Task A_server_that_does_not_answer_is_tried_again(string host, int port)
    {
        await using var database = await CreateAsync();
        await using var running = new RunningSource();
        var source = Source(database) with { Connection = database.With(connection => (connection.Host, connection.Port) = (host, port)) };
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Retrying, Cancel);
        var finding = running.Status.Problem!;
        Assert.Equal(Codes.CannotConnect, finding.Code);
        Assert.Contains($"the PostgreSQL server at {host}:{port} does not answer", finding.Message);
        Assert.Contains("Check host and port", finding.Suggestion);
        Assert.NotNull(running.Status.NextAttempt);
        Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(source), Cancel), found => found.Code == Codes.CannotConnect && found.Severity == Severity.Error);

        // The operator corrects the address: nothing stands in the way of the next start.
        await running.StopAsync();
        await running.StartAsync(Source(database), Cancel);
        await running.WaitForThingsAsync(new Dictionary<string, string> { ["a"] = "1" }, Cancel);
    }

    [Fact]
    public async Task A_wrong_password_stops_the_source()
    {
        await using var database = await CreateAsync();
        await using var role = await RoleAsync(database, "LOGIN REPLICATION PASSWORD 'right'");
        var finding = await RefusedAsync(Source(database) with { Connection = role.With("wrong") }, Codes.LoginRefused);
        Assert.Contains($"refuses the login of '{role.Name}'", finding.Message);
        Assert.Contains("pg_hba.conf", finding.Suggestion);
        Assert.DoesNotContain("wrong", finding.ToString());
    }

    [Fact]
    public async Task A_database_that_is_not_there_stops_the_source()
    {
        await using var database = await CreateAsync();
        var finding = await RefusedAsync(Source(database) with { Connection = database.With(connection => connection.Database = "no_such_one") }, Codes.DatabaseMissing);
        Assert.Contains("there is no database 'no_such_one' at", finding.Message);
    }

    [Fact]
    public async Task A_missing_publication_is_made_by_the_statement_suggested()
    {
        await using var database = await CreateAsync(Thing);
        var finding = await MendedAsync(database, Source(database) with { Publication = "hub2" }, Codes.NoPublication);
        Assert.Contains($"there is no publication 'hub2' in the database '{database.Name}'", finding.Message);
    }

    [Fact]
    public async Task A_publication_that_leaves_out_deletes_is_completed_by_the_statement_suggested()
    {
        await using var database = await CreateAsync(Thing + "CREATE PUBLICATION hub FOR TABLE thing WITH (publish = 'insert, update')");
        var finding = await MendedAsync(database, Source(database), Codes.NoPublication);
        Assert.Contains("'hub' does not publish every kind of change", finding.Message);
    }

    [Fact]
    public async Task A_table_outside_the_publication_is_added_by_the_statement_suggested()
    {
        await using var database = await CreateAsync(Thing + "CREATE TABLE other (id int PRIMARY KEY); CREATE PUBLICATION hub FOR TABLE other");
        var finding = await MendedAsync(database, Source(database), Codes.TableNotPublished);
        Assert.Contains("public.thing is not in the publication 'hub'", finding.Message);
    }

    [Fact]
    public async Task A_table_that_is_not_there_stops_the_source()
    {
        await using var database = await CreateAsync();
        var finding = await RefusedAsync(Source(database) with { Table = "public.thign" }, Codes.TableMissing);
        Assert.Contains("there is no table public.thign", finding.Message);
        Assert.Contains("Correct the name", finding.Suggestion);
    }

    [Fact]
    public async Task A_missing_right_to_read_is_granted_by_the_statement_suggested()
    {
        await using var database = await CreateAsync();
        await using var role = await RoleAsync(database, "LOGIN REPLICATION PASSWORD 'right'");
        var finding = await MendedAsync(database, Source(database) with { Connection = role.With("right") }, Codes.NoSelectRight);
        Assert.Contains($"the user '{role.Name}' may not read public.thing", finding.Message);
    }

    [Fact]
    public async Task A_missing_right_to_replicate_is_granted_by_the_statement_suggested()
    {
        await using var database = await CreateAsync();
        await using var role = await RoleAsync(database, "LOGIN PASSWORD 'right'", "GRANT SELECT ON thing TO");
        var finding = await MendedAsync(database, Source(database) with { Connection = role.With("right") }, Codes.NoReplicationRight);
        Assert.Contains($"the user '{role.Name}' may not read changes", finding.Message);
    }

    [Fact]
    public async Task A_table_without_a_key_gets_one_by_the_statement_suggested()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text, name text); INSERT INTO thing VALUES ('a', '1'); " + Publication);
        var finding = await MendedAsync(database, Source(database), Codes.TableWithoutKey);
        Assert.Contains("the table public.thing has no primary key", finding.Message);
    }

    [Fact]
    public async Task A_deferrable_key_is_replaced_by_the_statement_suggested()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text PRIMARY KEY DEFERRABLE, name text); INSERT INTO thing VALUES ('a', '1'); " + Publication);
        var finding = await MendedAsync(database, Source(database), Codes.TableWithoutKey);
        Assert.Contains("the primary key of public.thing is DEFERRABLE", finding.Message);
    }

    [Fact]
    public async Task Another_key_than_upstreams_stops_the_source()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text, part int DEFAULT 1, name text, PRIMARY KEY (id, part)); INSERT INTO thing VALUES ('a', 1, '1'); " + Publication);
        var finding = await RefusedAsync(Source(database), Codes.KeyMismatch);
        Assert.Contains("the key of public.thing in the source definition is (id), but upstream it is (id, part)", finding.Message);
        Assert.Equal("Write key: [id, part].", finding.Suggestion);
        await StreamsAsync(Source(database) with { Key = "id, part" });
    }

    [Theory]
    [InlineData("PRIMARY KEY")]
    [InlineData("")]
    public async Task A_table_without_replica_identity_gets_one_by_the_statements_suggested(string key)
    {
        await using var database = await CreateAsync($"CREATE TABLE thing (id text {key}, name text); ALTER TABLE thing REPLICA IDENTITY NOTHING; " + Publication);
        var finding = await MendedAsync(database, Source(database), Codes.ReplicaIdentity);
        Assert.Contains("public.thing has no replica identity", finding.Message);
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_named_at_once_by_the_doctor()
    {
        await using var database = await CreateAsync("CREATE TABLE thing (id text, name text)");
        await using var running = new RunningSource();
        var findings = await PostgresDoctor.ExamineAsync(running.Options(Source(database)), Cancel);
        Assert.Equal([Codes.NoPublication, Codes.TableWithoutKey], findings.Where(found => found.Severity == Severity.Error).Select(found => found.Code));
        await database.ExecuteAsync("ALTER TABLE thing ADD PRIMARY KEY (id); " + Publication, Cancel);
        findings = await PostgresDoctor.ExamineAsync(running.Options(Source(database)), Cancel);
        Assert.DoesNotContain(findings, found => found.Severity != Severity.Information);
        Assert.Contains(findings, found => found.Message.EndsWith("1 tables can be captured.", StringComparison.Ordinal));
    }

    /// <summary>Starts the source and returns why it stopped; the doctor must find the same.</summary>
    private static async Task<Finding> RefusedAsync(ThingSource source, string code, bool doctor = true)
    {
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Stopped, Cancel);
        var finding = running.Status.Problem!;
        Assert.Equal((code, Severity.Error), (finding.Code, finding.Severity));
        Assert.EndsWith("things.yaml", finding.Place);
        Assert.Null(running.Status.NextAttempt);
        if (doctor)
            Assert.Contains(await PostgresDoctor.ExamineAsync(running.Options(source), Cancel), found => found == finding);
        return finding;
    }

    /// <summary>As <see cref="RefusedAsync"/>; then runs the statements of the suggestion, after which the source must stream.</summary>
    private static async Task<Finding> MendedAsync(TestDatabase database, ThingSource source, string code, bool doctor = true)
    {
        var finding = await RefusedAsync(source, code, doctor);
        var statements = Statement().Matches(finding.Suggestion!);
        Assert.NotEmpty(statements);
        foreach (Match statement in statements)
            await database.ExecuteAsync(statement.Value, Cancel);
        await StreamsAsync(source);
        return finding;
    }

    private static async Task StreamsAsync(ThingSource source)
    {
        await using var running = new RunningSource();
        await running.StartAsync(source, Cancel);
        await running.WaitForAsync(SourceState.Streaming, Cancel);
    }

    private static async Task<Role> RoleAsync(TestDatabase database, string attributes, string? grant = null)
    {
        var role = new Role(database, $"role_{Guid.NewGuid():N}");
        await database.ExecuteAsync($"CREATE ROLE {role.Name} {attributes}; {(grant is null ? "" : $"{grant} {role.Name}")}", Cancel);
        return role;
    }

    [GeneratedRegex("(?:ALTER|CREATE|GRANT|SELECT) [^;]*;")]
    private static partial Regex Statement();

    /// <summary>A login that is gone after the test.</summary>
    private sealed class Role(TestDatabase database, string name) : IAsyncDisposable
    {
        public string Name => name;

        public string With(string password) => database.With(connection => (connection.Username, connection.Password) = (name, password));

        public async ValueTask DisposeAsync() => await database.ExecuteAsync($"DROP OWNED BY {name}; DROP ROLE {name}", CancellationToken.None);
    }
}
