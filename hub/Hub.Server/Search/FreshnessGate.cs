using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Sinks;
using Hub.Server.Ops;

namespace Hub.Server.Search;

/// <summary>Lets a request pass when the index is as fresh as it asks for, and refuses it when that takes too long. Gives the receipts that may be asked for.</summary>
internal sealed class FreshnessGate(Freshness freshness, HubState state, ILog log, TimeProvider time)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private string? identity;

    /// <summary>For everything that is in the log now and that the index reads.</summary>
    public async Task<Receipt> ReceiptAsync(CancellationToken cancellationToken)
        => Receipt.Of(await IdentityAsync(cancellationToken), await log.ReadEndsAsync(state.Topics, cancellationToken));

    /// <summary>Returns when a search finds all that the demand names.</summary>
    /// <param name="demand">What the request asks for.</param>
    /// <param name="sources">Those that fill what is asked.</param>
    /// <exception cref="HubException">The time is up; what is late is named. Or the receipt is of another log.</exception>
    public async Task PassAsync(FreshnessDemand demand, IReadOnlyCollection<string> sources, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        if (demand.Receipt is { } receipt)
        {
            if (!receipt.IsOf(await IdentityAsync(cancellationToken)))
                throw FreshnessDemand.NoReceipt("the receipt is of another log.");
            if (await freshness.WaitAsync(receipt.Places, demand.Wait, time, cancellationToken) is { Count: > 0 } late)
                throw Refuse([.. late.Select(LateFinding)], Soon);
        }

        if (demand.Moment is { } moment && await freshness.WaitAsync(sources, moment, demand.Wait - time.GetElapsedTime(started), time, cancellationToken) is { Count: > 0 } behind)
            throw Refuse([.. behind.Select(source => LateFinding(source, moment))], PauseOf(behind));
    }

    private static HubException Refuse(IReadOnlyList<Finding> findings, TimeSpan pause) => new(findings) { IsTransient = true, RetryAfter = pause };

    private Finding LateFinding(LateSource late, DateTimeOffset moment)
    {
        var problem = StatusOf(late.Source)?.Problem;
        return new(
            Codes.SourceLate, Severity.Error, late.Source,
            late.AsOf is { } asOf ? $"the source '{late.Source}' is complete as of {Iso(asOf)}, and not yet as of {Iso(moment)}." : $"the source '{late.Source}' is not complete yet: its first full read is not searchable.",
            problem is null ? "Ask again in a moment, wait longer (wait=20s), or ask for less." : $"It cannot go on: {problem.Message} {problem.Suggestion}".TrimEnd());
    }

    private Finding LateFinding(LatePlace late)
    {
        var sources = string.Join(", ", state.Sources().Select(status => status.Source).Where(source => state.IsKept(source, late.Place.Topic)));
        var place = $"{late.Place}{(sources.Length > 0 ? $" ({sources})" : "")}";
        return new(
            Codes.ReceiptLate, Severity.Error, $"{late.Place}",
            late.Searchable is { } offset ? $"{place} is searchable up to offset {offset}, and not yet up to {late.Asked}." : $"{place} is not read by the index.",
            "Ask again in a moment, or wait longer (wait=20s).");
    }

    /// <summary>A source that has failed is worth asking for when it tries again.</summary>
    private TimeSpan PauseOf(IReadOnlyList<LateSource> late)
    {
        var next = late.Select(source => StatusOf(source.Source)?.NextAttempt).Max();
        return next - time.GetUtcNow() is { } pause && pause > Soon ? pause : Soon;
    }

    private SourceStatus? StatusOf(string source) => state.Sources().FirstOrDefault(status => status.Source == source);

    private async ValueTask<string> IdentityAsync(CancellationToken cancellationToken) => identity ??= await LogIdentity.ReadAsync(log, cancellationToken);

    private static string Iso(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);
}
