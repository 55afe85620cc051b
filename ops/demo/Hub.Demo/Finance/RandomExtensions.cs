namespace Hub.Demo.Finance;

/// <summary>Choices of the generator; the same seed makes the same choices on every machine.</summary>
internal static class RandomExtensions
{
    /// <summary>32 upper-case hexadecimal digits, as the upstream's keys are.</summary>
    public static string NextKey(this Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return Convert.ToHexString(bytes);
    }

    public static T Pick<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    public static bool Chance(this Random random, double share) => random.NextDouble() < share;

    /// <summary>Whole 元, in 分.</summary>
    public static long NextYuan(this Random random, long least, long most) => random.NextInt64(least, most) * 100;

    /// <summary>Splits an amount into parts of at least one 分 that add up to it.</summary>
    public static long[] Split(this Random random, long amount, int parts)
    {
        var split = new long[(int)Math.Clamp(parts, 1, Math.Max(1, amount))];
        var rest = amount;
        for (var index = 0; index < split.Length - 1; index++)
        {
            var left = split.Length - index;
            var most = Math.Max(1, rest / left * 2 - 1);
            split[index] = Math.Clamp(random.NextInt64(most) + 1, 1, rest - (left - 1));
            rest -= split[index];
        }
        split[^1] = rest;
        return split;
    }
}
