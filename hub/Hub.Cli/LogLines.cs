using System.Globalization;
using System.Text.Json;
using Hub.Core.Ops;
using Hub.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Hub.Cli;

/// <summary>One line per notable thing, on the console of <c>hub run</c>; JSON lines with <c>--json</c>.</summary>
internal sealed class LogLines(Terminal terminal, bool json) : ILoggerProvider
{
    /// <summary>"Hosting failed to start" with a stack trace; the command that starts Hub gets the failure itself and explains it.</summary>
    private const int StartFailed = 11;

    private readonly Lock gate = new();

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName == "Microsoft.Extensions.Hosting.Internal.Host");

    public void Dispose()
    {
    }

    private void Write(LogLevel level, EventId id, string text, Exception? failure)
    {
        var now = terminal.Time.GetUtcNow().UtcDateTime;
        var line = json
            ? JsonSerializer.Serialize(new { time = now, level = level.ToString().ToLowerInvariant(), id = id.Id, text, failure = failure?.ToString() }, ApiJson.Options)
            : $"{now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {Mark(level)}{text}{Cause(failure)}";
        lock (gate)
        {
            // Through the console, which knows how to write above a bar that is being drawn.
            if (terminal.Interactive && !json)
                Spectre.Console.AnsiConsoleExtensions.WriteLine(terminal.Console, line);
            else
                terminal.Output.WriteLine(line);
        }
    }

    private static string Mark(LogLevel level) => level switch
    {
        >= LogLevel.Error => "error ",
        LogLevel.Warning => "warning ",
        _ => "",
    };

    // An expected failure explains itself; for any other, the place in the code is what somebody will need.
    private static string Cause(Exception? failure) => failure switch
    {
        null => "",
        HubException => $": {failure.Message}",
        _ => $"{Environment.NewLine}{failure}",
    };

    private sealed class Lines(LogLines owner, bool isHost) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!isHost || eventId.Id != StartFailed)
                owner.Write(logLevel, eventId, formatter(state, exception), exception);
        }
    }
}
