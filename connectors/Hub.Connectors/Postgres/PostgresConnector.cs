using Hub.Core.Ops;
using Npgsql;
using Npgsql.Replication;

namespace Hub.Connectors.Postgres;

/// <summary>Opens the connections of one source, so that every session writes values as the same text.</summary>
internal sealed class PostgresConnector
{
    // The text of a value depends on these; pgoutput's and the first full read's must agree.
    private const string SessionSettings =
        "-c datestyle=ISO,YMD -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex "
        + "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0";

    private readonly string connectionString;

    /// <exception cref="HubException">The connection string cannot be read.</exception>
    public PostgresConnector(PostgresSourceOptions options)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Pooling = false, CommandTimeout = 0, TcpKeepAlive = true };
            if (string.IsNullOrEmpty(builder.Host))
                throw new ArgumentException("it names no Host");
            builder.Options = string.IsNullOrEmpty(builder.Options) ? SessionSettings : $"{builder.Options} {SessionSettings}";
            builder.ApplicationName = $"hub:{options.Name}";
            connectionString = builder.ConnectionString;
            Address = $"{builder.Host}:{builder.Port}";
            User = builder.Username ?? "";
            Database = builder.Database ?? builder.Username ?? "";
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new HubException(new Finding(
                Codes.SettingInvalid, Severity.Error, options.Place, $"the connection string cannot be read: {failure.Message.TrimEnd('.')}.",
                "Write it as Host=…;Port=5432;Database=…;Username=…;Password=…."));
        }
    }

    public string Address { get; }

    public string User { get; }

    public string Database { get; }

    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<LogicalReplicationConnection> OpenReplicationAsync(CancellationToken cancellationToken)
    {
        var connection = new LogicalReplicationConnection(connectionString);
        try
        {
            await connection.Open(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
