using System.Globalization;
using Hub.Core.Index;
using Hub.Demo.Finance.Generation;

namespace Hub.Benchmarks.Engine;

/// <summary>Ten kinds of searches over payment details; each number gives another one of its kind.</summary>
internal static class SearchKinds
{
    private static readonly string[] Agencies = [.. AgencyDirectory.Build(units: 0).Select(agency => agency.Code).Distinct()];

    /// <summary>The cursor is that of the search before, of the same kind.</summary>
    public static readonly IReadOnlyList<(string Name, Func<int, string?, SearchQuery> Make)> All =
    [
        ("a Chinese word", (i, _) => Find(Purpose(i).Phrase)),
        ("three words, one of them a number", (i, _) => Find($"{Purpose(i).Phrase} {Month(i)} {Purpose(i).Trade}")),
        ("a phrase", (i, _) => Find($"\"{Month(i)}\" \"{Purpose(i).Trade}\"")),
        ("a word without another", (i, _) => Find($"{Purpose(i).Phrase} -{Month(i)}")),
        ("the whole name of a payee", (i, _) => Find(FinanceNames.PayeeFor(Purpose(i), new Random(i)).Name)),
        ("filters without words", (i, _) => new() { Filters = [new TermFilter("fiscalYear", [Year(i)]), new TermFilter("agencyCode", [Agencies[i % Agencies.Length]])] }),
        ("ranges of amount and day", (i, _) => new() { Filters = [Amount(i), Days(i)] }),
        ("a word with three facets", (i, _) => Find(Purpose(i).Phrase) with { Facets = ["agencyCode", "fiscalYear", "receiverCode"] }),
        ("a range sorted by amount", (i, _) => new() { Filters = [Days(i)], Sort = new("payAmount", Descending: i % 2 == 0) }),
        ("the next page, up to 300 deep", (_, cursor) => Find(Purpose(0).Phrase) with { Cursor = cursor }),
    ];

    private static SearchQuery Find(string text) => new() { Text = text };

    private static Purpose Purpose(int i) => FinanceNames.Purposes[i % FinanceNames.Purposes.Count];

    private static string Year(int i) => (FinanceGenerator.FirstYear + i % 3).ToString(CultureInfo.InvariantCulture);

    private static string Month(int i) => $"{Year(i)}年{i / 3 % 12 + 1}月";

    private static RangeFilter Amount(int i) => new("payAmount", $"{i * 100}", $"{i * 100 + 20_000}");

    private static RangeFilter Days(int i)
    {
        var first = new DateOnly(FinanceGenerator.FirstYear, 2, 1).AddDays(i * 2);
        return new("paidDate", $"{first:yyyy-MM-dd}", $"{first.AddDays(30):yyyy-MM-dd}");
    }
}
