using System.Globalization;
using Hub.Demo.Finance.Generation;
using Npgsql;

namespace Hub.Demo.Finance;

/// <summary>
/// The finance database of the demo upstream: its tables, the publication <c>hub</c>, the login role <c>hub</c>, published figures
/// and generated records whose sums add up.
/// </summary>
/// <param name="superuser">A connection as superuser to any database of the server.</param>
public sealed class FinanceDatabase(string superuser, FinanceDatabaseOptions options)
{
    private readonly HubRole _role = new(With(superuser, "postgres"));

    /// <summary>A connection as superuser to the finance database.</summary>
    public string SuperuserConnectionString { get; } = With(superuser, options.Database);

    /// <summary>Makes and loads the database, all or nothing; false when an earlier run did.</summary>
    public async Task<bool> CreateAsync(CancellationToken cancellationToken)
    {
        await _role.EnsureAsync(cancellationToken);
        if (await IsLoadedAsync(cancellationToken))
            return false;

        await using (var server = await OpenAsync(With(superuser, "postgres"), cancellationToken))
        {
            await RunAsync(server, $"DROP DATABASE IF EXISTS {options.Database} WITH (FORCE)", cancellationToken);
            await RunAsync(server, $"CREATE DATABASE {options.Database}", cancellationToken);
        }

        await using var connection = await OpenAsync(SuperuserConnectionString, cancellationToken);
        await LoadAsync(connection, cancellationToken);
        await RunAsync(connection, "ANALYZE", cancellationToken);
        return true;
    }

    /// <summary>Whether an earlier run made and loaded the whole database.</summary>
    public async Task<bool> IsLoadedAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Unpooled: dropping an unfinished database ends every connection to it.
            await using var connection = await OpenAsync(SuperuserConnectionString + ";Pooling=false", cancellationToken);
            await using var command = new NpgsqlCommand("SELECT to_regclass('demo.activity_start') IS NOT NULL", connection);
            return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
    }

    /// <summary>The connection that Hub is given: the role <c>hub</c>, which may replicate and read the published tables.</summary>
    public async Task<string> HubConnectionStringAsync(CancellationToken cancellationToken)
        => new NpgsqlConnectionStringBuilder(SuperuserConnectionString)
        {
            Username = HubRole.Name, Password = await _role.PasswordAsync(cancellationToken),
        }.ConnectionString;

    /// <summary>Up to 100 places where the sums do not add up along the drill path; none when they do.</summary>
    public async Task<IReadOnlyList<SumMismatch>> CheckSumsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(SuperuserConnectionString, cancellationToken);
        await using var command = new NpgsqlCommand(EmbeddedText.Read("sql/sums.sql"), connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var mismatches = new List<SumMismatch>();
        while (await reader.ReadAsync(cancellationToken))
            mismatches.Add(new(reader.GetString(0), reader[1] as string, reader[2] as decimal?, reader[3] as decimal?));
        return mismatches;
    }

    /// <summary>The rows of every published table.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountRowsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(SuperuserConnectionString, cancellationToken);
        var tables = new List<string>();
        await using (var command = new NpgsqlCommand("SELECT tablename FROM pg_publication_tables WHERE pubname = 'hub' ORDER BY 1", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken))
                tables.Add(reader.GetString(0));

        var counts = new Dictionary<string, long>();
        foreach (var table in tables)
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection) { CommandTimeout = 0 };
            counts[table] = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        return counts;
    }

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, EmbeddedText.Read("sql/tables.sql"), cancellationToken);
        await LoadReferenceAsync(connection, cancellationToken);
        var writer = new CopyWriter(connection);
        foreach (var row in new FinanceGenerator(options.Scale, options.Seed).Rows())
        {
            writer.Add(row);
            if (writer.IsFull)
                await writer.FlushAsync(cancellationToken);
        }
        await writer.FlushAsync(cancellationToken);
        await RunAsync(connection, EmbeddedText.Read("sql/published.sql"), cancellationToken);
        await RunAsync(connection, EmbeddedText.Read("sql/publication.sql"), cancellationToken);
        await RunAsync(connection, "CREATE SCHEMA demo; CREATE SEQUENCE demo.activity_start", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task LoadReferenceAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await RunAsync(connection, """
            CREATE TEMP TABLE code_file (region text, year_from int, year_to int, code text, name text, parent text, evidence text);
            CREATE TEMP TABLE published_function (dept text, year text, code text, name text, total numeric, basic numeric, project numeric) ON COMMIT DROP;
            CREATE TEMP TABLE published_economic (dept text, year text, code text, amount numeric) ON COMMIT DROP;
            """, cancellationToken);
        foreach (var file in EmbeddedText.Names("codes"))
        {
            await CopyCsvAsync(connection, "code_file", file, cancellationToken);
            var list = Path.GetFileNameWithoutExtension(file);
            await RunAsync(connection, string.Create(CultureInfo.InvariantCulture, $"""
                INSERT INTO base_code SELECT '{list}', coalesce(region, ''), year_from, year_to, code, name, parent, evidence FROM code_file;
                TRUNCATE code_file;
                """), cancellationToken);
        }
        await CopyCsvAsync(connection, "published_figure", "data/published_figures_known_answers.csv", cancellationToken);
        await CopyCsvAsync(connection, "published_function", "data/putuo_2024_final_by_function_wanyuan.csv", cancellationToken);
        await CopyCsvAsync(connection, "published_economic", "data/putuo_2024_final_basic_by_economic_wanyuan.csv", cancellationToken);
        await RunAsync(connection, "DROP TABLE code_file", cancellationToken);
    }

    private static async Task CopyCsvAsync(NpgsqlConnection connection, string table, string file, CancellationToken cancellationToken)
    {
        await using var copy = await connection.BeginTextImportAsync($"COPY {table} FROM STDIN (FORMAT csv, HEADER)", cancellationToken);
        await copy.WriteAsync(EmbeddedText.Read(file).AsMemory(), cancellationToken);
    }

    private static string With(string connectionString, string database)
        => new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
