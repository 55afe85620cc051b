using Npgsql;

namespace Hub.Tests.Fixtures;

/// <summary>A database of one test, with the statements that tests need; dropped at the end with its slots.</summary>
public sealed class TestDatabase(NpgsqlConnectionStringBuilder connection, string administrator) : IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connection.ConnectionString);

    public string Name => connection.Database!;

    public string ConnectionString => connection.ConnectionString;

    /// <summary>The connection string with some parts replaced.</summary>
    public string With(Action<NpgsqlConnectionStringBuilder> change)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        change(builder);
        return builder.ConnectionString;
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<List<string[]>> RowsAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string[]>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "(null)" : Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture)!)]);
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await using var admin = new NpgsqlConnection(administrator);
        await admin.OpenAsync();
        // A slot keeps its database. A reader that is still running would take its slot again, so nobody may connect any more;
        // one that was just terminated may still hold the slot for a moment.
        await RunAsync($"ALTER DATABASE {Name} ALLOW_CONNECTIONS false");
        await Wait.UntilAsync(
            $"the readers of {Name} are gone",
            async () => await RunAsync($"SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots WHERE database = '{Name}' AND active") is 0L,
            () => "some still hold a slot", CancellationToken.None);
        await RunAsync($"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{Name}'");
        await RunAsync($"DROP DATABASE {Name} WITH (FORCE)");

        async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, admin) { CommandTimeout = 120 };
            return await command.ExecuteScalarAsync();
        }
    }
}
