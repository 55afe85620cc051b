namespace Hub.Tests.Fixtures;

/// <summary>Waits for what must come to pass: looks again and again, and fails with a sentence when it does not.</summary>
public static class Wait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="what">What is waited for, for the sentence.</param>
    /// <param name="seen">What there is instead.</param>
    public static async Task UntilAsync(string what, Func<ValueTask<bool>> holds, Func<string> seen, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Limit)
                throw new TimeoutException($"{what}: not so after {Limit.TotalSeconds:F0} seconds. There is {seen()}");
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    public static Task UntilAsync(string what, Func<bool> holds, Func<string> seen, CancellationToken cancellationToken)
        => UntilAsync(what, () => new ValueTask<bool>(holds()), seen, cancellationToken);
}
