using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Hub.Demo.Finance;
using Hub.Demo.Postgres;
using Npgsql;

namespace Hub.Demo;

/// <summary>The command line of the demo upstream: <c>up</c> runs it until a signal, <c>check</c> adds up its sums.</summary>
internal static class DemoCommand
{
    private const int Ok = 0;
    private const int Failed = 1;
    private const int BadArguments = 2;
    private const int BadEnvironment = 3;

    private const string Usage = """
        Usage: up    --data DIR [--port N] [--scale ROWS] [--rate CHANGES_PER_SECOND]
               check --data DIR
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        if (DemoArguments.Parse(args) is not { } arguments)
        {
            await Console.Error.WriteLineAsync(Usage);
            return BadArguments;
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        try
        {
            return await RunAsync(arguments, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Ok;
        }
        catch (Exception failure) when (failure is PostgresMissingException or PostgresClusterException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return BadEnvironment;
        }
        catch (NpgsqlException failure)
        {
            await Console.Error.WriteLineAsync($"The finance database failed: {failure.GetBaseException().Message}");
            return Failed;
        }
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        stop.Cancel();
    }

    private static async Task<int> RunAsync(DemoArguments arguments, CancellationToken cancellationToken)
    {
        await using var cluster = new PostgresCluster(new() { Folder = arguments.Data, Port = arguments.Port }, TimeProvider.System);
        await cluster.StartAsync(cancellationToken);
        var database = new FinanceDatabase(cluster.ConnectionString(), new() { Scale = arguments.Scale });
        return arguments.Command == "check" ? await CheckAsync(database, cancellationToken) : await UpAsync(database, arguments.Rate, cancellationToken);
    }

    private static async Task<int> UpAsync(FinanceDatabase database, double rate, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        if (await database.CreateAsync(cancellationToken))
        {
            var rows = (await database.CountRowsAsync(cancellationToken)).Values.Sum();
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"Loaded {rows:N0} rows of finance records in {Stopwatch.GetElapsedTime(started).TotalSeconds:N1} s."));
        }

        await using var activity = await FinanceActivity.OpenAsync(database.SuperuserConnectionString, new(), TimeProvider.System, cancellationToken);
        await Console.Out.WriteLineAsync($"HUB_FINANCE_CONNECTION={await database.HubConnectionStringAsync(cancellationToken)}");
        await Console.Out.FlushAsync(cancellationToken);
        await activity.RunAsync(rate, cancellationToken);
        return Ok;
    }

    private static async Task<int> CheckAsync(FinanceDatabase database, CancellationToken cancellationToken)
    {
        if (!await database.IsLoadedAsync(cancellationToken))
        {
            await Console.Error.WriteLineAsync("There is no finance database here yet; `up` makes it.");
            return Failed;
        }

        foreach (var (table, rows) in await database.CountRowsAsync(cancellationToken))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table,-20} {rows,12:N0} rows"));
        var mismatches = await database.CheckSumsAsync(cancellationToken);
        foreach (var each in mismatches)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each.Rule}: {each.Key} states {each.Stated}, adds up to {each.Summed}"));
        Console.WriteLine(mismatches.Count == 0 ? "All sums add up along the drill path." : "The sums do not add up.");
        return mismatches.Count == 0 ? Ok : Failed;
    }
}
