using Hub.Core.Log;
using Hub.Core.Sinks;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>Who waits is told at once when it holds, and when the time is up.</summary>
public sealed class FreshnessWaitTests
{
    private static readonly TopicPartition A = new("test.thing", 0), B = new("test.thing", 1);
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    private readonly Freshness freshness = new();
    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_holds_already_is_not_waited_for()
    {
        freshness.Written("finance", At(5), Ends((A, 1)));
        freshness.Searchable(Ends((A, 1)));

        Assert.Empty(await SourcesAsync(At(5), "finance"));
        Assert.Empty(await SourcesAsync(At(9)));
        Assert.Empty(await PlacesAsync(Ends((A, 1))));
        Assert.Empty(await PlacesAsync(Ends()));
    }

    [Fact]
    public async Task The_moment_that_a_source_becomes_complete_ends_the_wait_for_it()
    {
        freshness.Searchable(Ends((A, 1)));
        freshness.Written("finance", At(5), Ends((A, 7)));
        var waiting = SourcesAsync(At(5), "finance");

        freshness.Searchable(Ends((A, 6)));
        freshness.Written("finance", At(6), Ends((A, 9)));
        Assert.False(waiting.IsCompleted);
        freshness.Searchable(Ends((A, 7)));
        Assert.Empty(await SoonAsync(waiting));
    }

    [Fact]
    public async Task A_source_that_had_nothing_new_becomes_complete_without_a_refresh()
    {
        freshness.Searchable(Ends((A, 7)));
        var waiting = SourcesAsync(At(5), "finance");
        Assert.False(waiting.IsCompleted);
        freshness.Written("finance", At(5), Ends((A, 7)));
        Assert.Empty(await SoonAsync(waiting));
    }

    [Fact]
    public async Task When_the_time_is_up_those_that_are_late_are_named_with_what_they_are_complete_as_of()
    {
        freshness.Written("finance", At(5), Ends((A, 1)));
        freshness.Searchable(Ends((A, 1)));
        freshness.Register("filing");
        var waiting = SourcesAsync(At(6), "finance", "filing", "nobody");

        clock.Advance(Wait);
        Assert.Equal([new LateSource("finance", At(5)), new("filing", null), new("nobody", null)], await SoonAsync(waiting));
    }

    [Fact]
    public async Task A_full_read_that_begins_takes_back_what_was_complete()
    {
        freshness.Written("finance", At(5), Ends((A, 1)));
        freshness.Searchable(Ends((A, 1)));
        freshness.Forget("finance");

        var waiting = SourcesAsync(At(1), "finance");
        clock.Advance(Wait);
        Assert.Equal([new LateSource("finance", null)], await SoonAsync(waiting));
    }

    [Fact]
    public async Task Places_are_waited_for_until_all_of_them_are_searchable()
    {
        var waiting = PlacesAsync(Ends((A, 5), (B, 3)));
        freshness.Searchable(Ends((A, 5), (B, 2)));
        Assert.False(waiting.IsCompleted);
        freshness.Searchable(Ends((A, 9), (B, 3)));
        Assert.Empty(await SoonAsync(waiting));
    }

    [Fact]
    public async Task Places_that_are_late_are_named_and_those_that_nobody_reads()
    {
        freshness.Searchable(Ends((A, 4)));
        var waiting = PlacesAsync(Ends((A, 5), (B, 3)));
        clock.Advance(Wait);
        Assert.Equal([new LatePlace(A, 5, 4), new(B, 3, null)], await SoonAsync(waiting));
    }

    [Fact]
    public async Task A_state_that_held_for_a_moment_only_is_not_missed()
    {
        var waiting = PlacesAsync(Ends((A, 5), (B, 3)));
        // As on a shared index, where each refresh tells of this Hub's own partitions alone.
        freshness.Searchable(Ends((A, 5), (B, 3)));
        freshness.Searchable(Ends((A, 5)));
        Assert.Empty(await SoonAsync(waiting));
    }

    [Fact]
    public async Task Who_does_not_want_to_wait_is_told_at_once_and_who_goes_away_is_let_go()
    {
        Assert.Equal([new LatePlace(A, 5, null)], await freshness.WaitAsync(Ends((A, 5)), TimeSpan.Zero, clock, Cancel));

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var waiting = freshness.WaitAsync(Ends((A, 5)), Wait, clock, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private Task<IReadOnlyList<LateSource>> SourcesAsync(DateTimeOffset moment, params string[] sources) => freshness.WaitAsync(sources, moment, Wait, clock, Cancel);

    private Task<IReadOnlyList<LatePlace>> PlacesAsync(Dictionary<TopicPartition, long> places) => freshness.WaitAsync(places, Wait, clock, Cancel);

    /// <summary>Fails rather than hang when nobody tells.</summary>
    private static Task<T> SoonAsync<T>(Task<T> waiting) => waiting.WaitAsync(TimeSpan.FromSeconds(60), Cancel);

    private static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    private static Dictionary<TopicPartition, long> Ends(params (TopicPartition Place, long End)[] ends) => ends.ToDictionary(end => end.Place, end => end.End);
}
