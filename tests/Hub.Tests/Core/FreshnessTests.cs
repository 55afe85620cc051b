using Hub.Core.Log;
using Hub.Core.Sinks;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The moment of completeness is never ahead of what a search finds.</summary>
public sealed class FreshnessTests
{
    private static readonly TopicPartition A = new("test.thing", 0), B = new("test.thing", 1);

    private readonly Freshness freshness = new();

    [Fact]
    public void A_source_that_nothing_is_known_of_has_no_moment()
    {
        freshness.Register("finance");
        Assert.Null(freshness.AsOf("finance"));
        Assert.Null(freshness.AsOf("never registered"));
        Assert.Equal(new Dictionary<string, DateTimeOffset?> { ["finance"] = null }, freshness.AsOf());
    }

    [Fact]
    public void What_is_searchable_is_known_before_it_is_durable()
    {
        Assert.Null(freshness.SearchableUpTo(A));
        freshness.Searchable(Ends((A, 10)));
        Assert.Equal((10, null), (freshness.SearchableUpTo(A), freshness.SearchableUpTo(B)));
    }

    [Fact]
    public void A_moment_counts_once_every_partition_is_searchable_up_to_it()
    {
        freshness.Written("finance", At(1), Ends((A, 10), (B, 5)));
        Assert.Null(freshness.AsOf("finance"));
        freshness.Searchable(Ends((A, 10), (B, 4)));
        Assert.Null(freshness.AsOf("finance"));
        freshness.Searchable(Ends((A, 10), (B, 5)));
        Assert.Equal(At(1), freshness.AsOf("finance"));
    }

    [Fact]
    public void A_moment_at_which_nothing_new_was_written_counts_at_once()
    {
        freshness.Written("finance", At(1), Ends((A, 3)));
        freshness.Searchable(Ends((A, 3)));
        freshness.Written("finance", At(2), Ends((A, 3)));
        Assert.Equal(At(2), freshness.AsOf("finance"));
    }

    [Fact]
    public void A_partition_that_was_never_written_does_not_hold_a_source_up()
    {
        freshness.Written("finance", At(1), Ends((A, 3), (B, 0)));
        freshness.Searchable(Ends((A, 3)));
        Assert.Equal(At(1), freshness.AsOf("finance"));
    }

    [Fact]
    public void Each_source_has_its_own_moment()
    {
        freshness.Written("finance", At(1), Ends((A, 1)));
        freshness.Written("filing", At(2), Ends((A, 2)));
        freshness.Searchable(Ends((A, 1)));
        Assert.Equal((At(1), null), (freshness.AsOf("finance"), freshness.AsOf("filing")));
    }

    [Fact]
    public void However_far_the_index_is_behind_the_moment_stays_true_and_gets_there()
    {
        const int Marks = 10_000;
        for (var mark = 1; mark <= Marks; mark++)
            freshness.Written("finance", At(mark), Ends((A, mark)));
        for (var searchable = 1; searchable < Marks; searchable += 7)
        {
            freshness.Searchable(Ends((A, searchable)));
            Assert.True((freshness.AsOf("finance") ?? At(0)) <= At(searchable));
        }

        freshness.Searchable(Ends((A, Marks)));
        Assert.Equal(At(Marks), freshness.AsOf("finance"));
    }

    private static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    private static Dictionary<TopicPartition, long> Ends(params (TopicPartition Place, long End)[] ends) => ends.ToDictionary(end => end.Place, end => end.End);
}
