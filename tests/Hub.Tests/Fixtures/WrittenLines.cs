using Microsoft.Extensions.Logging;

namespace Hub.Tests.Fixtures;

/// <summary>Keeps what is logged, as text.</summary>
internal sealed class WrittenLines : ILogger
{
    private readonly List<string> written = [];

    public string[] All
    {
        get
        {
            lock (written)
                return [.. written];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (written)
            written.Add($"{formatter(state, exception)}{exception}");
    }
}
