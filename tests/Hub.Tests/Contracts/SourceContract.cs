using Hub.Core.Records;
using Hub.Core.Sources;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>What every <see cref="ISource"/> promises. A provider says how to open one over rows of (id, name).</summary>
public abstract class SourceContract
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An upstream with no rows.</summary>
    protected abstract Task<IUpstream> OpenAsync();

    /// <summary>The system that a source reads, as its own users see it.</summary>
    protected interface IUpstream : IAsyncDisposable
    {
        /// <summary>A source over it; each call is another run of the same source.</summary>
        ISource CreateSource();

        Task PutAsync(string id, string name);

        Task DeleteAsync(string id);
    }

    [Fact]
    public async Task What_is_there_at_the_start_is_read_once()
    {
        await using var upstream = await OpenAsync();
        for (var i = 0; i < 50; i++)
            await upstream.PutAsync($"k{i:D3}", $"名称 {i}");

        var changes = await new SourceTape(upstream.CreateSource()).ReadUntilAsync(tape => tape.State.Count == 50, Cancel);
        Assert.Equal(50, changes.Changes.Count(change => change.Operation != Operation.Truncate));
        Assert.Equal("名称 7", changes.State["k007"]);
    }

    [Fact]
    public async Task A_change_a_delete_and_a_return_arrive_in_their_order()
    {
        await using var upstream = await OpenAsync();
        await upstream.PutAsync("a", "1");
        var tape = new SourceTape(upstream.CreateSource());
        await tape.ReadUntilAsync(read => read.State.GetValueOrDefault("a") == "1", Cancel);
        await upstream.PutAsync("a", "2");
        await upstream.DeleteAsync("a");
        await upstream.PutAsync("a", "3");
        await tape.ReadUntilAsync(read => read.State.GetValueOrDefault("a") == "3", Cancel);

        var versions = tape.Changes.Where(change => change.Key == "a").Select(change => change.Version).ToList();
        Assert.Equal(versions.Order(), versions);
        Assert.Equal(versions.Distinct(), versions);
    }

    [Fact]
    public async Task A_restart_from_any_position_ends_in_the_same_state()
    {
        await using var upstream = await OpenAsync();
        for (var i = 0; i < 20; i++)
            await upstream.PutAsync($"k{i:D2}", "old");
        var whole = new SourceTape(upstream.CreateSource(), acknowledge: false);
        await whole.ReadUntilAsync(tape => tape.State.Count == 20, Cancel);
        for (var i = 0; i < 20; i += 2)
            await upstream.PutAsync($"k{i:D2}", "new");
        await upstream.DeleteAsync("k01");
        await whole.ReadUntilAsync(tape => tape.State.Count == 19 && tape.State["k18"] == "new", Cancel);

        // Nothing was acknowledged, so the source must be able to go on from each position it gave, the newest first:
        // going on from the very first one may begin everything anew.
        for (var i = whole.Positions.Count - 1; i >= 0; i--)
        {
            var again = whole.From(i, upstream.CreateSource());
            await again.ReadUntilAsync(tape => tape.State.Count == 19 && tape.State["k18"] == "new", Cancel);
            Assert.Equal(whole.State, again.State);
        }
    }

    [Fact]
    public async Task What_changes_while_the_source_is_stopped_is_read_afterwards()
    {
        await using var upstream = await OpenAsync();
        await upstream.PutAsync("a", "1");
        var tape = new SourceTape(upstream.CreateSource());
        await tape.ReadUntilAsync(read => read.State.Count == 1, Cancel);
        await upstream.PutAsync("b", "2");
        await upstream.DeleteAsync("a");

        var next = tape.From(tape.Positions.Count - 1, upstream.CreateSource());
        await next.ReadUntilAsync(read => read.State.ContainsKey("b") && !read.State.ContainsKey("a"), Cancel);
        Assert.DoesNotContain(next.Changes, change => change is { Key: "a", Operation: not Operation.Delete });
    }

    [Fact]
    public async Task A_source_that_has_caught_up_tells_since_when_it_is_complete()
    {
        await using var upstream = await OpenAsync();
        await upstream.PutAsync("a", "1");
        var tape = new SourceTape(upstream.CreateSource());
        await tape.ReadUntilAsync(read => read.CompleteAsOf is not null, Cancel);
        Assert.Equal("1", tape.State["a"]);
    }
}
