using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hub.Server.Hosting;
using Hub.Server.Ops;

namespace Hub.Cli;

internal static class StatusCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var watch = new Option<bool>("--watch") { Description = "Go on until Ctrl-C, with a bar while a source is read for the first time." };
        var command = new Command("status", "Show the sources of the running Hub, how fresh they are, and what the index holds.\n\nExample:\n  hub status --watch") { watch };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = common.Client(parsed);
            var json = parsed.GetValue(common.Json);
            if (parsed.GetValue(watch))
                await WatchAsync(client, terminal, json, cancellationToken);
            else
                Write(await client.GetAsync("/api/v1/status", cancellationToken), terminal.Output, json);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task WatchAsync(HubClient client, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        var bars = new SnapshotBars(terminal, async token => Parse(await client.GetAsync("/api/v1/status", token)).Sources);
        while (true)
        {
            if (!json && terminal.Interactive)
                await bars.ShowAsync(cancellationToken);
            Write(await client.GetAsync("/api/v1/status", cancellationToken), terminal.Output, json);
            await Task.Delay(SnapshotBars.LineInterval, terminal.Time, cancellationToken);
        }
    }

    private static StatusResponse Parse(string answer) => JsonSerializer.Deserialize<StatusResponse>(answer, ApiJson.Options)!;

    private static void Write(string answer, TextWriter output, bool json)
    {
        if (json)
        {
            output.WriteLine(answer);
            return;
        }

        var status = Parse(answer);
        foreach (var source in status.Sources)
        {
            output.WriteLine($"{source.Source}: {source.State.ToString().ToLowerInvariant()} since {Iso(source.Since)}, {AsOf(source)}, {source.Records} records, {source.DeadLetters} dead letters");
            if (source.Snapshot is { } snapshot)
                output.WriteLine($"    {SnapshotBars.Line(snapshot)}");
            if (source.Problem is { } problem)
                output.WriteLine($"    {problem}{(source.NextAttempt is { } next ? $" Next attempt {Iso(next)}." : "")}");
            foreach (var drift in source.Drift)
                output.WriteLine($"    {drift}");
        }

        foreach (var finding in status.Findings)
            output.WriteLine(finding);
        foreach (var count in status.Index)
            output.WriteLine($"{count.Subject}: {count.Documents} records");
        foreach (var group in status.Groups)
            output.WriteLine($"{group.Group}: {group.Lag} entries of the log not searchable yet");
        if (status.Sources.Count == 0)
            output.WriteLine("No sources are defined.");
    }

    private static string AsOf(SourceView source) => source.AsOf is { } moment ? $"as of {Iso(moment)}" : "not complete yet";

    private static string Iso(DateTime moment) => moment.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
