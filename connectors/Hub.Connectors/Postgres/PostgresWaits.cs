using System.Globalization;
using System.Runtime.CompilerServices;
using Hub.Core.Ops;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>Tells whom the server lets Hub wait for: a slot waits for every open transaction, a lock for a table that is being rewritten.</summary>
internal sealed class PostgresWaits(PostgresConnector connector, PostgresSourceOptions options, TimeProvider time)
{
    private const string BlockingQuery = """
        SELECT blocking.pid, a.usename, a.application_name, a.xact_start
        FROM unnest(pg_blocking_pids($1)) AS blocking (pid) LEFT JOIN pg_stat_activity a ON a.pid = blocking.pid ORDER BY a.xact_start
        """;

    private const string OpenQuery = """
        SELECT pid, usename, application_name, xact_start FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL SELECT 0, owner, NULL, prepared FROM pg_prepared_xacts ORDER BY xact_start
        """;

    private const int MaxNamed = 5;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>The transactions that a slot, if it were made now, would have to wait for; null when there are none.</summary>
    public static async Task<Finding?> ReadOpenAsync(NpgsqlConnection connection, PostgresSourceOptions options, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OpenQuery, connection);
        return await ReadAsync(command, options, Severity.Information, cancellationToken);
    }

    /// <summary>Works, and yields whom the session waits for, each time that others are found.</summary>
    /// <param name="session">The server's process of the session that works.</param>
    public async IAsyncEnumerable<Finding> WhileAsync(Func<CancellationToken, Task> work, int session, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        NpgsqlConnection? looking = null;
        var told = "";
        var working = work(stopping.Token);
        try
        {
            while (await Task.WhenAny(working, Task.Delay(LookInterval, time, cancellationToken)) != working)
            {
                looking ??= await connector.OpenAsync(cancellationToken);
                await using var command = new NpgsqlCommand(BlockingQuery, looking) { Parameters = { new() { Value = session } } };
                if (await ReadAsync(command, options, Severity.Warning, cancellationToken) is not { } found || found.Message == told)
                    continue;
                told = found.Message;
                yield return found;
            }

            await working;
        }
        finally
        {
            // Whoever stops in between may not leave the session at work.
            await stopping.CancelAsync();
            await working.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (looking is not null)
                await looking.DisposeAsync();
        }
    }

    private static async Task<Finding?> ReadAsync(NpgsqlCommand command, PostgresSourceOptions options, Severity severity, CancellationToken cancellationToken)
    {
        var (names, count, oldest) = (new List<string>(), 0, 0);
        await using (var row = await command.ExecuteReaderAsync(cancellationToken))
            while (await row.ReadAsync(cancellationToken))
            {
                oldest = count++ == 0 ? row.GetInt32(0) : oldest;
                if (count <= MaxNamed)
                    names.Add(Name(row));
            }

        return count == 0 ? null : new(
            Codes.TransactionsOpen, severity, options.Place,
            $"the first full read has to wait until {(count == 1 ? "an open transaction ends" : $"{count} open transactions end")}: {string.Join("; ", names)}{(count > MaxNamed ? "; …" : "")}.",
            $"Wait for them. As an administrator, end one that was forgotten: {(oldest == 0 ? "ROLLBACK PREPARED '…';" : $"SELECT pg_terminate_backend({oldest});")}");
    }

    private static string Name(NpgsqlDataReader row)
    {
        var name = row.GetInt32(0) is not 0 and var pid ? $"pid {pid}" : "a prepared one";
        if (!row.IsDBNull(1))
            name += $" of '{row.GetString(1)}'";
        if (!row.IsDBNull(2) && row.GetString(2).Length > 0)
            name += $" ({row.GetString(2)})";
        // Hidden from those who may not see other users' sessions.
        return row.IsDBNull(3) ? name : string.Create(CultureInfo.InvariantCulture, $"{name} since {row.GetDateTime(3).ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}");
    }
}
