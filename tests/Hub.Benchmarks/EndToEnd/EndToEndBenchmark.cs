using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Hub.Benchmarks.Capture;
using Hub.Demo.Finance;
using Hub.Demo.Postgres;
using Npgsql;

namespace Hub.Benchmarks.EndToEnd;

/// <summary>
/// A whole Hub in a process of its own over a real PostgreSQL: the first full read of many payment details with the most memory it
/// took, then the time from a commit upstream until a search finds the change, at a steady rate.
/// </summary>
internal sealed class EndToEndBenchmark(TextWriter output, int rows, int changesPerSecond)
{
    private const int Seconds = 20;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    public async Task RunAsync(string folder, string repository, CancellationToken cancellationToken)
    {
        await using var cluster = new PostgresCluster(new() { Folder = Path.Combine(folder, "postgres") }, TimeProvider.System);
        await cluster.StartAsync(cancellationToken);
        var database = new FinanceDatabase(cluster.ConnectionString(), new() { Scale = 2_000 });
        await database.CreateAsync(cancellationToken);
        await using var admin = new NpgsqlConnection(database.SuperuserConnectionString);
        await admin.OpenAsync(cancellationToken);
        await PaymentBacklog.FillAsync(admin, rows, cancellationToken);

        using var hub = Start(folder, repository, await database.HubConnectionStringAsync(cancellationToken), out var address);
        using var http = new HttpClient { BaseAddress = address };
        try
        {
            await MeasureSnapshotAsync(hub, http, cancellationToken);
            await MeasureLatencyAsync(hub, http, admin, cancellationToken);
        }
        finally
        {
            hub.Kill();
            await hub.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task MeasureSnapshotAsync(Process hub, HttpClient http, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        double? durable = null;
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            if (hub.HasExited)
                throw new InvalidOperationException($"hub ended with {hub.ExitCode}.");
            if (await GetAsync(http, "/api/v1/status", cancellationToken) is not { } status)
                continue;
            var source = status.GetProperty("sources")[0];
            if (durable is null && source.GetProperty("state").GetString() == "streaming")
                durable = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (source.TryGetProperty("asOf", out var asOf) && asOf.ValueKind == JsonValueKind.String)
                break;
        }

        var searchable = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Line($"  first full read of {rows:N0} rows: durable in the log after {durable:N1} s ({rows / durable:N0} rows/s), searchable after {searchable:N1} s ({rows / searchable:N0} documents/s)");
        Line($"  most resident memory {Memory(hub, "VmHWM"):N0} MB (aim ≤ 300 MB); now {Memory(hub, "VmRSS"):N0} MB, of it {Memory(hub, "RssAnon"):N0} MB its own, the rest mapped files");
    }

    private async Task MeasureLatencyAsync(Process hub, HttpClient http, NpgsqlConnection admin, CancellationToken cancellationToken)
    {
        const int PerTransaction = 10;
        var latencies = new List<double>();
        var probe = Task.CompletedTask;
        var began = Stopwatch.GetTimestamp();
        for (var transaction = 0; transaction < Seconds * changesPerSecond / PerTransaction; transaction++)
        {
            var due = TimeSpan.FromSeconds(transaction * (double)PerTransaction / changesPerSecond) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, TimeProvider.System, cancellationToken);
            await UpdateAsync(admin, transaction, PerTransaction, cancellationToken);
            if (probe.IsCompleted)
                probe = ProbeAsync(http, transaction, Stopwatch.GetTimestamp(), latencies, cancellationToken);
        }

        await probe;
        var rate = Seconds * changesPerSecond / Stopwatch.GetElapsedTime(began).TotalSeconds;
        latencies.Sort();
        Line($"  commit → searchable at {rate:N0} changes/s, {latencies.Count} probes: p50 {latencies[latencies.Count / 2]:N0} ms, p99 {latencies[latencies.Count * 99 / 100]:N0} ms, most {latencies[^1]:N0} ms (aim p99 ≤ 1,000 ms)");
        Line($"  most resident memory since the start {Memory(hub, "VmHWM"):N0} MB");
    }

    /// <summary>Changes rows, the first of them into something that only this change has.</summary>
    private static async Task UpdateAsync(NpgsqlConnection admin, int transaction, int count, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE pay_detail SET pay_cert_no = $1, update_time = now() WHERE pay_detail_id = ANY (SELECT upper(md5(n::text)) FROM generate_series($2, $3) n)", admin)
        {
            Parameters = { new() { Value = $"probe{transaction}" }, new() { Value = 1 + (transaction * count) }, new() { Value = (transaction + 1) * count } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ProbeAsync(HttpClient http, int transaction, long committed, List<double> latencies, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await GetAsync(http, $"/api/v1/search?subject=finance.paymentDetail&voucherNumber=probe{transaction}&size=0", cancellationToken);
            if (found?.GetProperty("total").GetInt64() > 0)
                break;
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        latencies.Add(Stopwatch.GetElapsedTime(committed).TotalMilliseconds);
    }

    private static Process Start(string folder, string repository, string connection, out Uri address)
    {
        using (var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0))
        {
            free.Start();
            address = new($"http://{free.LocalEndpoint}");
        }

        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(repository, "hub/Hub.Cli/bin/Release/net10.0/hub.dll"), "run", "--set", $"data={Path.Combine(folder, "hub")}", "--set", $"address={address}",
            },
            WorkingDirectory = repository,
            RedirectStandardOutput = true,
        };
        start.Environment["HUB_FINANCE_CONNECTION"] = connection;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task<JsonElement?> GetAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await http.GetStreamAsync(path, cancellationToken);
            using var document = await JsonDocument.ParseAsync(body, default, cancellationToken);
            return document.RootElement.Clone();
        }
        catch (HttpRequestException)
        {
            // Hub is not listening yet.
            return null;
        }
    }

    private static double Memory(Process process, string line)
        => File.ReadLines($"/proc/{process.Id}/status").Where(text => text.StartsWith(line, StringComparison.Ordinal))
            .Select(text => double.Parse(text[(line.Length + 1)..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024).First();

    private void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
