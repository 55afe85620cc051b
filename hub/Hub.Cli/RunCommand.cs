using System.CommandLine;
using Hub.Core.Ops;
using Hub.Server;
using Hub.Server.Hosting;
using Hub.Server.Ops;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Hub.Cli;

internal static partial class RunCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var command = new Command("run", "Run Hub: read the sources, keep the index, serve the API and the page, until Ctrl-C.\n\nExample:\n  hub run --set address=http://127.0.0.1:8321\n  hub run --log kafka --set kafka.bootstrap=kafka1:9092,kafka2:9092\n  hub run --index elasticsearch --set elasticsearch.url=http://127.0.0.1:9200");
        var log = new Option<string?>("--log") { Description = "What holds the log: sqlite or kafka. The same as --set log=….", HelpName = "kind" };
        var index = new Option<string?>("--index") { Description = "What holds the index: lucene or elasticsearch. The same as --set index=….", HelpName = "kind" };
        command.Add(log);
        command.Add(index);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = common.Read(parsed, [.. Given("log", parsed.GetValue(log)), .. Given("index", parsed.GetValue(index))]);
            DataFolder.Prepare(options);
            using var lines = new LogLines(terminal, parsed.GetValue(common.Json));
            var catalog = await Composition.LoadCatalogAsync(options, cancellationToken);
            await using var app = Composition.Build(options, services => Composition.AddParts(services, options, catalog), logging => Configure(logging, lines));
            await RunAsync(app, options, terminal, parsed.GetValue(common.Json), cancellationToken);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string[] Given(string key, string? value) => value is null ? [] : [$"{key}={value}"];

    /// <summary>Starts the application and returns once it has stopped.</summary>
    public static async Task RunAsync(WebApplication app, HubOptions options, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        await StartAsync(app, options, cancellationToken);
        LogServing(app.Logger, app.Urls.First());
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        try
        {
            await FollowAsync(app, terminal, json, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogStopping(app.Logger);
        }

        await app.StopAsync(CancellationToken.None);
        if (app.Services.GetRequiredService<HubState>().Failure is { } failure)
            throw failure;
    }

    private static async Task StartAsync(WebApplication app, HubOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException failure) when (failure.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new HubException(new Finding(
                Codes.AddressInUse, Severity.Error, options.Address.ToString(), "another program listens on this address.",
                "Look with 'hub status' whether Hub runs already, or choose another: --set address=http://127.0.0.1:8321."));
        }
    }

    /// <summary>Shows how the first full read goes on: a bar for somebody who watches, else a line now and then.</summary>
    private static async Task FollowAsync(WebApplication app, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        var state = app.Services.GetRequiredService<HubState>();
        var bars = new SnapshotBars(terminal, _ => Task.FromResult<IReadOnlyList<SourceView>>([.. state.Sources().Select(SourceView.Of)]));
        while (true)
        {
            if (terminal.Interactive && !json)
                await bars.ShowAsync(cancellationToken);
            else
                foreach (var source in state.Sources().Select(SourceView.Of).Where(source => source.Snapshot is not null))
                    LogReading(app.Logger, source.Source, SnapshotBars.Line(source.Snapshot!));
            await Task.Delay(SnapshotBars.LineInterval, terminal.Time, cancellationToken);
        }
    }

    private static void Configure(ILoggingBuilder logging, LogLines lines)
    {
        logging.AddProvider(lines);
        logging.SetMinimumLevel(LogLevel.Information);
        // The server's own chatter repeats what Hub says, once per request.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
    }

    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "Hub serves {Address} (API documentation: {Address}/docs). Stop with Ctrl-C.")]
    private static partial void LogServing(ILogger logger, string address);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Information, Message = "Hub stops.")]
    private static partial void LogStopping(ILogger logger);

    [LoggerMessage(EventId = 6003, Level = LogLevel.Information, Message = "Source {Source} is read for the first time: {Progress}")]
    private static partial void LogReading(ILogger logger, string source, string progress);
}
