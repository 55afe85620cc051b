using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Ops;

namespace Hub.Server.Search;

/// <summary>How fresh an answer must be: the parameters <c>minFreshness</c>, <c>waitFor</c> and <c>wait</c>.</summary>
/// <param name="Moment">Every source that is asked must be complete as of it.</param>
/// <param name="Receipt">Everything that it names must be searchable.</param>
/// <param name="Wait">How long the answer may wait for that.</param>
internal sealed record FreshnessDemand(DateTimeOffset? Moment, Receipt? Receipt, TimeSpan Wait)
{
    public const string MinFreshnessText = "How fresh the answer must be: an age such as 30s, or a moment such as 2025-03-01T08:00:00Z. Each source asked is then complete as of it, or the answer is 503 and names those that are late.";
    public const string WaitForText = "A receipt: everything that was in the log when it was given is searchable in the answer, or the answer is 503.";
    public const string WaitText = "How long to wait for minFreshness and waitFor, such as 500ms or 20s, 60s at most. Without it: 2s, with waitFor 10s.";

    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReceiptWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestAge = TimeSpan.FromDays(366);

    private static readonly (string Unit, TimeSpan Length)[] Units =
        [("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1))];

    /// <param name="findings">Is told of everything that is wrong.</param>
    public static FreshnessDemand Read(string? minFreshness, string? waitFor, string? wait, DateTimeOffset now, List<Finding> findings)
    {
        var demand = new FreshnessDemand(null, null, waitFor is null ? ShortWait : ReceiptWait);
        demand = SearchParameters.Try(() => wait is null ? demand : demand with { Wait = WaitOf(wait) }, findings) ?? demand;
        demand = SearchParameters.Try(() => minFreshness is null ? demand : demand with { Moment = MomentOf(minFreshness, now, demand.Wait) }, findings) ?? demand;
        return SearchParameters.Try(() => waitFor is null ? demand : demand with { Receipt = ReceiptOf(waitFor) }, findings) ?? demand;
    }

    public static HubException NoReceipt(string why)
        => new(new Finding(Codes.QueryReceipt, Severity.Error, "waitFor", why, "Take one from GET /api/v1/receipt, whole and unchanged."));

    private static TimeSpan WaitOf(string text)
        => AgeOf(text) is { } wait && wait <= LongestWait ? wait : throw FieldValues.Wrong("wait", $"'{text}' is not a time up to 60s.", "Write it like 500ms or 20s.");

    private static DateTimeOffset MomentOf(string text, DateTimeOffset now, TimeSpan wait)
    {
        if (AgeOf(text) is { } age && age <= LongestAge)
            return now - age;
        // A '+' that was not percent-encoded arrives as a space.
        if (FieldValues.Moment(text.Replace(' ', '+')) is not { } moment)
            throw FieldValues.Wrong("minFreshness", $"'{text}' is neither an age nor a moment with a time zone.", "Write it like 30s, 5m or 2025-03-01T08:00:00Z.");
        return moment <= now + wait ? moment
            : throw FieldValues.Wrong("minFreshness", $"{text} has not come yet, so that no source can be complete as of it.", $"It is {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} here.");
    }

    private static Receipt ReceiptOf(string text) => Receipt.Parse(text) ?? throw NoReceipt("this is not a receipt, or not all of it.");

    private static TimeSpan? AgeOf(string text)
    {
        foreach (var (unit, length) in Units)
            if (text.EndsWith(unit, StringComparison.Ordinal) && int.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return number * length;
        return null;
    }
}
