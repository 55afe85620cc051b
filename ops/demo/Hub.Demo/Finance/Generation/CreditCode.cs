namespace Hub.Demo.Finance.Generation;

/// <summary>Unified social credit codes (GB 32100-2015) with the right check characters.</summary>
internal static class CreditCode
{
    private const string Characters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    private static readonly int[] OrganisationWeights = [3, 7, 9, 10, 5, 8, 4, 2];

    /// <summary>The code of a public body registered in a region.</summary>
    public static string Of(string region6, int number)
    {
        var organisation = $"{number:00000000}";
        var first = $"11{region6}{organisation}{OrganisationCheck(organisation)}";
        return first + Check(first);
    }

    private static char OrganisationCheck(string digits)
        => (11 - digits.Select((digit, index) => (digit - '0') * OrganisationWeights[index]).Sum() % 11) switch
        {
            10 => 'X',
            11 => '0',
            var check => (char)('0' + check),
        };

    private static char Check(string first)
    {
        var (sum, weight) = (0, 1);
        foreach (var character in first)
        {
            sum += Characters.IndexOf(character, StringComparison.Ordinal) * weight;
            weight = weight * 3 % 31;
        }
        return Characters[(31 - sum % 31) % 31];
    }
}
