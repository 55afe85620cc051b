using System.Diagnostics;
using System.Globalization;
using Hub.Connectors.Postgres;
using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Schemas;
using Hub.Core.Sinks;
using Hub.Core.Sources;
using Hub.Demo.Finance;
using Hub.Demo.Postgres;
using Hub.Log.Sqlite;
using Npgsql;

namespace Hub.Benchmarks.Capture;

/// <summary>
/// A backlog of payment details, read through the slot, mapped and appended durably to the log, against <c>pg_recvlogical</c>
/// writing the same backlog to a file: rows a second of both, in turn, in one run.
/// </summary>
internal sealed class CaptureBenchmark(TextWriter output, int rows, int rounds)
{
    public async Task RunAsync(string folder, string repository, CancellationToken cancellationToken)
    {
        await using var cluster = new PostgresCluster(new() { Folder = Path.Combine(folder, "postgres") }, TimeProvider.System);
        await cluster.StartAsync(cancellationToken);
        var database = new FinanceDatabase(cluster.ConnectionString(), new() { Scale = 2_000 });
        await database.CreateAsync(cancellationToken);
        await using var admin = new NpgsqlConnection(database.SuperuserConnectionString);
        await admin.OpenAsync(cancellationToken);

        Environment.SetEnvironmentVariable("HUB_FINANCE_CONNECTION", await database.HubConnectionStringAsync(cancellationToken));
        var catalog = SchemaFolder.Load(Path.Combine(repository, "schemas"));
        var definition = SourceDefinitionReader.Load(Path.Combine(repository, "connectors/finance/finance.yaml"), catalog);
        var start = await CatchUpAsync(definition, catalog, folder, cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            await PaymentBacklog.ExecuteAsync(admin, $"SELECT pg_copy_logical_replication_slot('hub_finance', 'hub_{round}'), pg_copy_logical_replication_slot('hub_finance', 'recv_{round}')", cancellationToken);
        }

        await PaymentBacklog.FillAsync(admin, rows, cancellationToken);
        var end = await ScalarAsync(admin, "SELECT pg_current_wal_insert_lsn()::text", cancellationToken);
        await PaymentBacklog.ExecuteAsync(admin, "CHECKPOINT", cancellationToken);
        List<double> plain = [], hub = [];
        for (var round = 0; round < rounds; round++)
        {
            plain.Add(await ReceiveAsync(cluster, $"recv_{round}", end, folder, cancellationToken));
            hub.Add(await CaptureAsync(definition, catalog, start with { Slot = $"hub_{round}" }, Path.Combine(folder, $"log{round}"), cancellationToken));
            Line($"  round {round + 1}: pg_recvlogical {plain[^1],10:N0} rows/s   Hub into the durable log {hub[^1],10:N0} rows/s   ratio {hub[^1] / plain[^1]:N2}");
        }

        Line($"capture: {rows:N0} rows; median ratio Hub ÷ pg_recvlogical = {Median([.. hub.Zip(plain, (a, b) => a / b)]):N2} (aim ≥ 0.9)");
    }

    /// <summary>The first full read of the small database, and the position at its end.</summary>
    private static async Task<PostgresPosition> CatchUpAsync(SourceDefinition definition, SchemaCatalog catalog, string folder, CancellationToken cancellationToken)
    {
        await using var source = new PostgresSource(PostgresSourceOptions.From(definition), TimeProvider.System);
        await foreach (var batch in source.ReadAsync(null, cancellationToken))
        {
            await source.AcknowledgeAsync(batch.Position, cancellationToken);
            if (batch.CompleteAsOf is not null)
                return PostgresPosition.Parse(batch.Position);
        }

        throw new InvalidOperationException("The source ended.");
    }

    private static async Task<double> CaptureAsync(
        SourceDefinition definition, SchemaCatalog catalog, PostgresPosition start, string folder, CancellationToken cancellationToken)
    {
        await using var log = new SqliteLog(new() { Path = Path.Combine(folder, "log.db") });
        var deadLetters = new DeadLetterBook(catalog, TimeProvider.System);
        await deadLetters.LoadAsync(log, cancellationToken);
        var writer = new IngestWriter(definition, catalog, log, deadLetters, new Freshness());
        await writer.OpenAsync(4, cancellationToken);
        await using var source = new PostgresSource(PostgresSourceOptions.From(definition) with { Slot = start.Slot }, TimeProvider.System);
        var began = Stopwatch.GetTimestamp();
        await foreach (var batch in source.ReadAsync(start.ToSourcePosition(), cancellationToken))
        {
            await writer.WriteAsync(batch, cancellationToken);
            await source.AcknowledgeAsync(batch.Position, cancellationToken);
            if (batch.CompleteAsOf is not null && writer.Written > 0)
                break;
        }

        return writer.Written / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private async Task<double> ReceiveAsync(PostgresCluster cluster, string slot, string end, string folder, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnectionStringBuilder(cluster.ConnectionString("finance"));
        var program = (await PostgresBinaries.FindAsync(null, cancellationToken)).Path("pg_recvlogical");
        var start = new ProcessStartInfo(program)
        {
            ArgumentList =
            {
                "-h", connection.Host!, "-p", connection.Port.ToString(CultureInfo.InvariantCulture), "-U", connection.Username!, "-d", "finance",
                "-S", slot, "--start", "--endpos", end, "-o", "proto_version=1", "-o", "publication_names=hub", "-f", Path.Combine(folder, slot),
            },
        };
        start.Environment["PGPASSWORD"] = connection.Password;
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return process.ExitCode == 0 ? rows / seconds : throw new InvalidOperationException($"pg_recvlogical ended with {process.ExitCode}.");
    }

    private void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static async Task<string> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
