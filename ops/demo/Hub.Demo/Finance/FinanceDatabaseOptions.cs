namespace Hub.Demo.Finance;

/// <summary>How large the generated finance database is, and which of the many possible ones.</summary>
public sealed record FinanceDatabaseOptions
{
    public string Database { get; init; } = "finance";

    /// <summary>About as many rows in all tables together; from 1,000 to many millions.</summary>
    public int Scale { get; init; } = 20_000;

    /// <summary>The same seed and scale make the same rows.</summary>
    public int Seed { get; init; } = 320206;
}

/// <summary>A rule of the drill path that a row breaks: what it states and what its parts add up to.</summary>
public sealed record SumMismatch(string Rule, string? Key, decimal? Stated, decimal? Summed);
