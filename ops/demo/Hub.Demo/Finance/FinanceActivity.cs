using System.Globalization;
using Hub.Demo.Finance.Generation;
using Npgsql;

namespace Hub.Demo.Finance;

/// <summary>
/// Keeps changing the last fiscal year of a finance database as its users would: payments, approvals, settlements, transfers,
/// withdrawals. Each commit leaves the sums adding up. One activity at a time on a database.
/// </summary>
public sealed class FinanceActivity : IAsyncDisposable
{
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);
    private static readonly string[] Phrases = ["进度款", "尾款", "服务费", "材料款", "维护费", "预付款"];

    // The sum of the shares is 100.
    private static readonly (string Name, int Share)[] Kinds =
    [
        ("pay", 42), ("apply", 14), ("approve", 11), ("settle", 13), ("transfer", 6), ("revise", 5), ("withdraw", 4), ("supplement", 3), ("purge", 2),
    ];

    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Dictionary<string, NpgsqlCommand> _commands;
    private readonly string _year;
    private readonly long _start;
    private long _count;

    private FinanceActivity(NpgsqlConnection connection, TimeProvider time, int? seed, string year, long start)
    {
        (_connection, _time, _year, _start) = (connection, time, year, start);
        // Another start makes other keys than the one before it.
        _random = seed is { } given ? new Random(unchecked(given * 397 + (int)start)) : new Random();
        _commands = Kinds.ToDictionary(kind => kind.Name, kind => new NpgsqlCommand(EmbeddedText.Read($"activity/{kind.Name}.sql"), connection));
    }

    /// <param name="superuser">A connection as superuser to a database that <see cref="FinanceDatabase"/> made.</param>
    public static async Task<FinanceActivity> OpenAsync(string superuser, FinanceActivityOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT max(fiscal_year), nextval('demo.activity_start') FROM bgt_pm_annual_zk", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new FinanceActivity(connection, time, options.Seed, reader.GetString(0), reader.GetInt64(1));
    }

    /// <summary>Commits one transaction and says how many rows it changed.</summary>
    public async Task<int> CommitAsync(CancellationToken cancellationToken)
    {
        var changed = await RunAsync(NextKind(), cancellationToken);
        // Nothing open to approve, settle or withdraw: new money always finds a budget.
        return changed > 0 ? changed : await RunAsync("supplement", cancellationToken);
    }

    /// <summary>Commits changes until cancelled, so many rows a second; as many as the server takes when that is fewer.</summary>
    public async Task RunAsync(double changesPerSecond, CancellationToken cancellationToken)
    {
        var due = _time.GetUtcNow();
        while (true)
        {
            due += TimeSpan.FromSeconds(await CommitAsync(cancellationToken) / changesPerSecond);
            var now = _time.GetUtcNow();
            // What the server could not take is not made up for by a burst.
            if (now - due > TimeSpan.FromSeconds(1))
                due = now;
            if (due > now)
                await Task.Delay(due - now, _time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in _commands.Values)
            await command.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private string NextKind()
    {
        var point = _random.Next(100);
        foreach (var (name, share) in Kinds)
            if ((point -= share) < 0)
                return name;
        return Kinds[0].Name;
    }

    private async Task<int> RunAsync(string kind, CancellationToken cancellationToken)
    {
        var command = _commands[kind];
        Fill(command);
        // Behind the last key the search goes on from the first.
        var changed = await ExecuteAsync(command, cancellationToken);
        if (changed > 0)
            return changed;
        command.Parameters["start"].Value = "";
        return await ExecuteAsync(command, cancellationToken);
    }

    private static async Task<int> ExecuteAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        if (!command.IsPrepared)
            await command.PrepareAsync(cancellationToken);
        return (int)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private void Fill(NpgsqlCommand command)
    {
        var now = _time.GetUtcNow();
        var today = DateOnly.FromDateTime(now.ToOffset(Beijing).Date);
        var payee = FinanceNames.PayeeFor(_random.Pick(FinanceNames.Purposes), _random);
        Set(command, "start", _random.NextKey());
        Set(command, "year", _year);
        Set(command, "now", now.UtcDateTime);
        Set(command, "today", today);
        Set(command, "month", string.Create(CultureInfo.InvariantCulture, $"{today.Year}年{today.Month}月"));
        Set(command, "number", string.Create(CultureInfo.InvariantCulture, $"{_year}{_start:0000}{++_count:00000000}"));
        Set(command, "document", string.Create(CultureInfo.InvariantCulture, $"{_start}{_count:00000}"));
        Set(command, "share", (decimal)_random.Next(1, 10) / 100);
        Set(command, "supplement", (decimal)_random.Next(1, 51) * 10_000);
        Set(command, "phrase", _random.Pick(Phrases));
        Set(command, "payee", payee.Name);
        Set(command, "account", payee.Account);
        Set(command, "bank", payee.Bank);
        Set(command, "receiver", payee.Code);
        Set(command, "person", FinanceNames.Person(_random));
        foreach (var key in (string[])["key1", "key2", "key3", "key4"])
            Set(command, key, _random.NextKey());
    }

    private static void Set(NpgsqlCommand command, string name, object value)
    {
        // Only what the statement names is sent; every statement gets the same draws, so that the choice of one does not shift the next.
        if (command.Parameters.Contains(name))
            command.Parameters[name].Value = value;
        else if (command.CommandText.Contains('@' + name, StringComparison.Ordinal))
            command.Parameters.AddWithValue(name, value);
    }
}
