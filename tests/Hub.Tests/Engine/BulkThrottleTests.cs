using Hub.Index.Elasticsearch;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Hub.Tests.Engine;

/// <summary>How many bulk requests are under way, by what the engine says of its load.</summary>
public sealed class BulkThrottleTests
{
    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_requests_than_the_bound_are_under_way()
    {
        var throttle = new BulkThrottle(2, clock);
        await throttle.EnterAsync(Cancel);
        await throttle.EnterAsync(Cancel);
        var third = throttle.EnterAsync(Cancel);
        Assert.False(third.IsCompleted);
        throttle.Leave(wasBusy: false);
        await third;
        Assert.False(throttle.EnterAsync(Cancel).IsCompleted);
    }

    [Fact]
    public async Task A_busy_engine_gets_half_as_many_and_one_at_least()
    {
        var throttle = new BulkThrottle(8, clock);
        List<int> limits = [];
        for (var i = 0; i < 5; i++)
        {
            throttle.Slow();
            limits.Add(throttle.Limit);
        }

        Assert.Equal([4, 2, 1, 1, 1], limits);
        await throttle.EnterAsync(Cancel);
        Assert.False(throttle.EnterAsync(Cancel).IsCompleted);
    }

    [Fact]
    public async Task What_was_under_way_before_goes_on_and_no_other_begins_until_it_is_below_the_bound()
    {
        var throttle = new BulkThrottle(4, clock);
        for (var i = 0; i < 4; i++)
            await throttle.EnterAsync(Cancel);
        throttle.Slow();
        var next = throttle.EnterAsync(Cancel);
        throttle.Leave(wasBusy: true);
        throttle.Leave(wasBusy: true);
        Assert.False(next.IsCompleted);
        throttle.Leave(wasBusy: true);
        await next;
    }

    [Fact]
    public async Task A_calm_engine_gets_one_more_after_a_while_up_to_the_bound()
    {
        var throttle = new BulkThrottle(3, clock);
        throttle.Slow();
        await LeaveAsync(throttle, 15, wasBusy: false);
        Assert.Equal(1, throttle.Limit);
        await LeaveAsync(throttle, 5, wasBusy: true);
        Assert.Equal(1, throttle.Limit);
        await LeaveAsync(throttle, 1, wasBusy: false);
        Assert.Equal(2, throttle.Limit);
        await LeaveAsync(throttle, 100, wasBusy: false);
        Assert.Equal(3, throttle.Limit);
    }

    [Fact]
    public async Task One_that_waits_in_vain_does_not_take_the_room_of_the_next()
    {
        var throttle = new BulkThrottle(1, clock);
        await throttle.EnterAsync(Cancel);
        using var giveUp = new CancellationTokenSource();
        var given = throttle.EnterAsync(giveUp.Token);
        var next = throttle.EnterAsync(Cancel);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, Cancel));
        throttle.Leave(wasBusy: false);
        await next;
        throttle.Leave(wasBusy: false);
        await throttle.EnterAsync(Cancel);
    }

    [Theory]
    [InlineData(1, null, 50, 100)]
    [InlineData(3, null, 200, 400)]
    [InlineData(7, null, 3_200, 6_400)]
    [InlineData(1_000_000, null, 5_000, 10_000)]
    [InlineData(1, 4_000, 4_000, 4_000)]
    [InlineData(1, 3_600_000, 10_000, 10_000)]
    public void The_pauses_grow_and_what_the_engine_asks_for_counts_within_bounds(int tried, int? asked, int least, int most)
    {
        var pause = new BulkThrottle(1, clock).PauseAsync(tried, asked is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null, Cancel);
        clock.Advance(TimeSpan.FromMilliseconds(least - 1));
        Assert.False(pause.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(most - least + 1));
        Assert.True(pause.IsCompleted);
    }

    private static async Task LeaveAsync(BulkThrottle throttle, int times, bool wasBusy)
    {
        for (var i = 0; i < times; i++)
        {
            await throttle.EnterAsync(Cancel);
            throttle.Leave(wasBusy);
        }
    }
}
