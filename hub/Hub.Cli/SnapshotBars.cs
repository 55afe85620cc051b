using System.Globalization;
using Hub.Server.Ops;
using Spectre.Console;

namespace Hub.Cli;

/// <summary>One bar per source that is being read for the first time, with rows per second and the time left.</summary>
internal sealed class SnapshotBars(Terminal terminal, Func<CancellationToken, Task<IReadOnlyList<SourceView>>> read)
{
    public static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(500);

    public static string Line(SnapshotView snapshot)
        => string.Create(
            CultureInfo.InvariantCulture,
            $"{snapshot.Relation}: {snapshot.RowsRead:N0} of about {snapshot.RowsExpected:N0} rows, {snapshot.RowsPerSecond:N0} rows/s{Left(snapshot)}");

    /// <summary>Draws until no source is in its first read; returns at once when none is.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        if (Reading(await read(cancellationToken)).Count == 0)
            return;
        await terminal.Console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context => await DrawAsync(context, cancellationToken));
    }

    private static List<SourceView> Reading(IReadOnlyList<SourceView> sources) => [.. sources.Where(source => source.Snapshot is not null)];

    private async Task DrawAsync(ProgressContext context, CancellationToken cancellationToken)
    {
        var bars = new Dictionary<string, ProgressTask>(StringComparer.Ordinal);
        while (Reading(await read(cancellationToken)) is { Count: > 0 } sources)
        {
            foreach (var source in sources)
            {
                if (!bars.TryGetValue(source.Source, out var bar))
                    bars.Add(source.Source, bar = context.AddTask(source.Source));
                var snapshot = source.Snapshot!;
                bar.Description = Markup.Escape($"{source.Source} {Line(snapshot)}");
                bar.MaxValue = Math.Max(1, Math.Max(snapshot.RowsExpected, snapshot.RowsRead));
                bar.Value = snapshot.RowsRead;
            }

            await Task.Delay(BarInterval, terminal.Time, cancellationToken);
        }
    }

    private static string Left(SnapshotView snapshot)
        => snapshot.SecondsLeft is { } seconds
            ? $", {TimeSpan.FromSeconds(Math.Ceiling(seconds)).ToString("c", CultureInfo.InvariantCulture)} left"
            : "";
}
