namespace Hub.Demo.Finance;

/// <summary>How the activity chooses what to change.</summary>
public sealed record FinanceActivityOptions
{
    /// <summary>The same seed makes the same choices on the same database; null chooses differently each time.</summary>
    public int? Seed { get; init; }
}
