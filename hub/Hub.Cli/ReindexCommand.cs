using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Server.Hosting;
using Hub.Server.Ops;

namespace Hub.Cli;

internal static class ReindexCommand
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var subject = new Argument<string?>("subject") { Description = "The subject, such as finance.payment.", Arity = ArgumentArity.ZeroOrOne };
        var rollBack = new Option<bool>("--rollback") { Description = "Go back to the generation that is kept, brought up to the present." };
        var dropOld = new Option<bool>("--drop-old") { Description = "Delete the generation that is kept." };
        var cancel = new Option<bool>("--cancel") { Description = "Give up what is being built." };
        var status = new Option<bool>("--status") { Description = "Show the generations and how far a rebuild is." };
        var command = new Command(
            "reindex",
            "Build the index of a subject anew from the log, on a running Hub whose index is in Elasticsearch, while searches and writes go on. Ctrl-C only stops watching.\n\nExample:\n  hub reindex finance.payment\n  hub reindex --status\n  hub reindex finance.payment --rollback")
        {
            subject, rollBack, dropOld, cancel, status,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = common.Client(parsed);
            var json = parsed.GetValue(common.Json);
            string[] actions = [.. new[] { (rollBack, "roll-back"), (dropOld, "drop-kept"), (cancel, "cancel") }.Where(one => parsed.GetValue(one.Item1)).Select(one => one.Item2)];
            if (actions.Length + (parsed.GetValue(status) ? 1 : 0) > 1)
                throw Wrong("only one of --rollback, --drop-old, --cancel and --status can be done.", "Leave all but one out.");
            var name = parsed.GetValue(subject);
            if (name is null && !parsed.GetValue(status))
                throw Wrong("no subject is named.", "Name one, such as finance.payment; hub reindex --status lists them.");
            var known = await ReadAsync(client, cancellationToken);
            if (parsed.GetValue(status))
            {
                if (name is not null && Parse(known).All(one => one.Subject != name))
                    throw Wrong($"there is no index of '{name}'.", "hub reindex --status lists all there are.");
                Write(known, name, terminal.Output, json);
                return ExitCodes.Ok;
            }

            var action = actions.FirstOrDefault() ?? "rebuild";
            var answer = await client.PostAsync($"/api/v1/index/{Uri.EscapeDataString(name!)}/{action}", "{}", cancellationToken);
            if (action is "rebuild" or "roll-back")
                answer = await WatchAsync(client, terminal, name!, json, cancellationToken);
            Write(answer, name, terminal.Output, json);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>How the indices stand; where Hub has none that can be built anew, it does not have the address either.</summary>
    private static async Task<string> ReadAsync(HubClient client, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync("/api/v1/index", cancellationToken);
        }
        catch (HubException failure) when (failure.Findings[0].Code == Codes.RouteUnknown)
        {
            throw Wrong("the index of this Hub is not in Elasticsearch.", "An embedded index is built anew when its folder is deleted while Hub is stopped.");
        }
    }

    private static async Task<string> WatchAsync(HubClient client, Terminal terminal, string subject, bool json, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await client.GetAsync("/api/v1/index", cancellationToken);
            var view = Parse(answer).First(one => one.Subject == subject);
            if (!view.IsRunning)
                return view.Findings.Count == 0 ? answer : throw new HubException(view.Findings);
            if (!json)
                terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{subject}: {view.Phase ?? "waiting"}{(view.Phase == "reading" ? $", {view.Read} entries read, {view.Left} left" : "")}"));
            await Task.Delay(LookInterval, terminal.Time, cancellationToken);
        }
    }

    private static void Write(string answer, string? subject, TextWriter output, bool json)
    {
        if (json)
        {
            output.WriteLine(answer);
            return;
        }

        foreach (var view in Parse(answer).Where(view => subject is null || view.Subject == subject))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{view.Subject}: generation {view.Live}{(view.Compared is { } compared && view.Phase == "done" ? $", {compared} documents compared" : "")}{(view.Building is { } building ? $", {building} is being built" : "")}{(view.Kept is { } kept ? $", {kept} is kept" : "")}"));
            foreach (var finding in view.Findings)
                output.WriteLine($"    {finding}");
        }
    }

    private static IReadOnlyList<IndexView> Parse(string answer) => JsonSerializer.Deserialize<IReadOnlyList<IndexView>>(answer, ApiJson.Options)!;

    private static HubException Wrong(string message, string suggestion) => new(new Finding(Codes.SettingInvalid, Severity.Error, "hub reindex", message, suggestion));
}
